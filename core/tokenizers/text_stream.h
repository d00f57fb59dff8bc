// Text as its tokens come, one by one. A token may be part of a character: it waits until the
// character is whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class TextStream {
 public:
  // The tokenizer must outlive it.
  explicit TextStream(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // What the token adds to the text: nothing while a character is incomplete. All that Add and
  // Finish gave, joined, is the text of all tokens where that is valid UTF-8.
  std::string Add(int32_t token);
  // What still waits: the beginning of a character that nothing completed.
  std::string Finish();

 private:
  std::string TakeNew(const std::string& text);

  const Tokenizer& tokenizer_;
  std::vector<int32_t> tokens_;  // those that may still matter to the next one
  size_t given_tokens_ = 0;      // of tokens_, those whose text was given
};

}  // namespace upcycle
