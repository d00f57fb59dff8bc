// Text to tokens and back. Decode(Encode(x)) == x for every string of bytes, valid UTF-8 or not,
// and tokens never reach over a line end: Encode(a + b) = Encode(a) + Encode(b) where a ends in a
// newline, so that long texts may be encoded piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/recipe/settings.h"

namespace upcycle {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Appends the tokens of `text`. May be called from several threads at once.
  virtual void Encode(std::string_view text, std::vector<int32_t>& out) const = 0;
  std::vector<int32_t> Encode(std::string_view text) const;
  // The bytes that the tokens stand for. Tokens are in [0, Vocabulary()); end of text, and what
  // else is no text, stands for none.
  std::string Decode(std::span<const int32_t> tokens) const;

  int64_t Vocabulary() const { return static_cast<int64_t>(bytes_of_.size()); }
  int32_t EndOfText() const { return end_of_text_; }

  // Writes tokenizer.json and tokenizer_config.json as Hugging Face reads them, and tokenizer.model
  // where there is a sentencepiece model, into an existing folder. Of an IdTokenizer there is but a
  // tokenizer_config.json, for Load.
  void Save(const fs::path& folder) const;
  // What Save wrote. Throws Error(kInput) where a file is missing, damaged or not ours.
  static std::unique_ptr<Tokenizer> Load(const fs::path& folder);

 protected:
  // bytes_of[id]: the text of each token.
  Tokenizer(std::vector<std::string> bytes_of, int32_t end_of_text);

 private:
  virtual TokenizerKind Kind() const = 0;
  virtual std::string TokenizerJson() const = 0;
  // The serialised sentencepiece model, empty if there is none.
  virtual std::string SentencepieceModel() const { return ""; }

  std::vector<std::string> bytes_of_;
  int32_t end_of_text_;
};

// One token a byte, and 256 for end of text.
class ByteTokenizer final : public Tokenizer {
 public:
  ByteTokenizer();
  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;

 private:
  TokenizerKind Kind() const override { return TokenizerKind::kBytes; }
  std::string TokenizerJson() const override;
};

// How many tokens a tokenizer of these settings has, before it exists.
int64_t VocabularyOf(const TokenizerSettings& settings);

}  // namespace upcycle
