// Where documents begin in sequences of tokens that are packed one behind the other.
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

// starts[t] = the place in its sequence of `length` tokens at which the document of tokens[t]
// begins. A document begins with the end of text in front of it, or with its sequence: its first
// token is predicted from end of text alone, as the first of a text of its own is, and its last
// prediction is the end of text behind it.
void FindDocumentStarts(std::span<const int32_t> tokens, int64_t length, int32_t end_of_text,
                        std::span<int32_t> starts);

}  // namespace upcycle
