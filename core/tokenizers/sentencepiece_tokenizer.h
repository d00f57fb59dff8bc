// A sentencepiece model of another program: the sentencepiece library's own tokens, for text and
// for bytes that are none. Control tokens are not looked for in text. The library reads the file;
// it encodes only what we do not encode faster (piece_encoder.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/tokenizers/piece_encoder.h"
#include "core/tokenizers/spares.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class SentencepieceTokenizer final : public Tokenizer {
 public:
  // Throws Error(kInput) for a file that is no model, and where files beside it add tokens to it.
  explicit SentencepieceTokenizer(const fs::path& path);
  ~SentencepieceTokenizer() override;

  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  std::string Decode(std::span<const int32_t> tokens) const override;
  // All of it: a model may put a space before a text, so that no part stands for itself.
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  struct Model;
  explicit SentencepieceTokenizer(std::unique_ptr<Model> model);
  Files FilesToSave() const override;

  std::unique_ptr<const Model> model_;
  Spares<PieceMemory> memories_;
};

}  // namespace upcycle
