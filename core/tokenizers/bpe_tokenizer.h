// Byte-pair encoding by sentencepiece, with byte fallback and without any normalisation: our own
// kind. Decode(Encode(x)) == x for every string of bytes. How text falls into words: bpe_text.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/piece_encoder.h"
#include "core/tokenizers/spares.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class BpeTokenizer final : public Tokenizer {
 public:
  // A serialised sentencepiece model as BpeTrainer makes them. Throws Error(kInput) for another.
  explicit BpeTokenizer(const std::string& model);
  ~BpeTokenizer() override;

  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  std::string Decode(std::span<const int32_t> tokens) const override;
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  struct Model;

  explicit BpeTokenizer(std::unique_ptr<Model> model);
  Files FilesToSave() const override;

  std::unique_ptr<const Model> model_;
  Spares<PieceMemory> memories_;
};

}  // namespace upcycle
