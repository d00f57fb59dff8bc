// The tokenizer of ready-made tokens whose own is not at hand: it knows how many there are and
// which one ends a text, and neither reads nor writes text.
#pragma once

#include "core/data/tokenizer.h"

namespace upcycle {

class IdTokenizer final : public Tokenizer {
 public:
  IdTokenizer(int64_t vocabulary, int32_t end_of_text);
  using Tokenizer::Encode;
  // Throws Error(kInput): there is no text.
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;

 private:
  TokenizerKind Kind() const override { return TokenizerKind::kNone; }
  std::string TokenizerJson() const override { return ""; }
};

}  // namespace upcycle
