// What becomes of the matches of a delimiter in a text that is cut at them.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/tokenizers/function_ref.h"
#include "core/tokenizers/json_node.h"

namespace upcycle {

enum class Delimiter {
  kRemoved,
  kIsolated,            // a piece of its own
  kMergedWithPrevious,  // at the end of the piece before it
  kMergedWithNext,
  kContiguous,  // delimiters that touch are one piece
};

// "Removed", "Isolated", …
Delimiter ReadDelimiter(const JsonNode& node);

using TakeMatch = FunctionRef<void(size_t begin, size_t end)>;

// Cuts `text` at what `visit` finds in it, or, inverted, at what lies between that. Calls `take`
// with the begin and the end of each piece, in order; empty ones are left out.
void SplitAt(std::string_view text, FunctionRef<void(TakeMatch)> visit, Delimiter delimiter,
             bool inverted, TakeMatch take);

}  // namespace upcycle
