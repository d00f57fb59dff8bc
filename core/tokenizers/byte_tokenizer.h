// One token a byte, and 256 for end of text. Decode(Encode(x)) == x for every string of bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class ByteTokenizer final : public Tokenizer {
 public:
  ByteTokenizer();
  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  std::string Decode(std::span<const int32_t> tokens) const override;
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  Files FilesToSave() const override;
};

// How many tokens a tokenizer of these settings has, before it exists.
int64_t VocabularyOf(const TokenizerSettings& settings);

}  // namespace upcycle
