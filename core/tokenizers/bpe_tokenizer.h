// Byte-pair encoding by sentencepiece, with byte fallback and without any normalisation. How text
// falls into words: bpe_text.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tokenizers/tokenizer.h"
#include "core/tokenizers/tokenizer_json.h"

namespace upcycle {

class BpeTokenizer final : public Tokenizer {
 public:
  // A serialised sentencepiece model as BpeTrainer makes them. Throws Error(kInput) for another.
  explicit BpeTokenizer(const std::string& model);
  ~BpeTokenizer() override;

  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;

 private:
  struct Model;
  class WordCache;

  explicit BpeTokenizer(std::unique_ptr<Model> model);
  void EncodeWord(std::string_view word, std::vector<int32_t>& out) const;
  TokenizerKind Kind() const override { return TokenizerKind::kBpe; }
  std::string TokenizerJson() const override;
  std::string SentencepieceModel() const override;

  std::unique_ptr<Model> model_;
  // Speed only: a call that finds it busy goes without.
  mutable std::mutex cache_busy_;
  std::unique_ptr<WordCache> cache_;
};

}  // namespace upcycle
