// A tokenizer.json of Hugging Face's `tokenizers`, with the tokens that they make of any text. What
// is no UTF-8 is read as U+FFFD, as it is before a text reaches them. "truncation" and "padding",
// which say how programs fill batches, have no effect.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/tokenizers/added_tokens.h"
#include "core/tokenizers/bpe_model.h"
#include "core/tokenizers/decoder.h"
#include "core/tokenizers/normalizer.h"
#include "core/tokenizers/pre_tokenizer.h"
#include "core/tokenizers/spares.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class HuggingFaceTokenizer final : public Tokenizer {
 public:
  // Throws Error(kInput) for a file that is damaged or uses what is not supported.
  explicit HuggingFaceTokenizer(const fs::path& path);
  ~HuggingFaceTokenizer() override;

  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  std::string Decode(std::span<const int32_t> tokens) const override;
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  struct Parts;
  explicit HuggingFaceTokenizer(std::unique_ptr<Parts> parts);
  Files FilesToSave() const override;
  void EncodePart(const AddedTokenFinder::Part& part, BpeMemory& memory,
                  std::vector<int32_t>& out) const;

  std::unique_ptr<const Parts> parts_;
  Spares<BpeMemory> memories_;
};

}  // namespace upcycle
