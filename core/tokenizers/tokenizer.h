// Text to tokens and back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"

namespace upcycle {

// What is known of a tokenizer's tokens. Every token is in [0, vocabulary).
struct TokenFacts {
  int64_t vocabulary = 0;
  std::optional<int32_t> end_of_text = std::nullopt;
  std::optional<int32_t> begin_of_text = std::nullopt;
  std::vector<int32_t> special = {};  // those that stand for no text, in ascending order
  // What the tokenizer's own rules put around a text that stands for itself.
  std::vector<int32_t> before = {};
  std::vector<int32_t> after = {};
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Appends the tokens of `text`, and none around it. Any bytes are taken: our own kinds and
  // llama2.c's keep what is no UTF-8, the others read it as U+FFFD. May be called from several
  // threads at once.
  virtual void Encode(std::string_view text, std::vector<int32_t>& out) const = 0;
  std::vector<int32_t> Encode(std::string_view text) const;
  // With the tokens that belong before and behind it.
  std::vector<int32_t> EncodeWhole(std::string_view text) const;

  // The text of tokens, which are in [0, Vocabulary()); special ones stand for none. For parts of a
  // text that is still growing see text_stream.h.
  virtual std::string Decode(std::span<const int32_t> tokens) const = 0;

  // How much of `text` may be encoded apart: the tokens of that beginning and those of the rest are
  // the tokens of the whole. At least `least` bytes, or all of it.
  virtual size_t CutAfter(std::string_view text, size_t least) const = 0;

  int64_t Vocabulary() const { return facts_.vocabulary; }
  // Throws Error(kInput) where the tokenizer's files name none.
  int32_t EndOfText() const;
  bool HasEndOfText() const { return facts_.end_of_text.has_value(); }
  std::optional<int32_t> BeginOfText() const { return facts_.begin_of_text; }
  std::span<const int32_t> SpecialTokens() const { return facts_.special; }
  std::span<const int32_t> TokensBefore() const { return facts_.before; }
  std::span<const int32_t> TokensAfter() const { return facts_.after; }

  // Writes the tokenizer's files into an existing folder, which Load then reads: those that it was
  // loaded from and what Hugging Face's programs expect beside them, byte for byte; for our own,
  // tokenizer.json and tokenizer_config.json as Hugging Face reads them (and tokenizer.model).
  void Save(const fs::path& folder) const;
  // Of the files that Save writes: equal ones make the same tokens.
  Fingerprint Identity() const;
  // A folder with tokenizer.json, tokenizer.model (sentencepiece) or tokenizer.bin (llama2.c), the
  // first of them that is there, or one such file. Throws Error(kInput) where something is missing,
  // damaged, or not supported, which it names.
  static std::unique_ptr<Tokenizer> Load(const fs::path& path);

 protected:
  explicit Tokenizer(TokenFacts facts);

  // By name; Save writes them in the order of their names.
  using Files = std::map<std::string, std::string>;

 private:
  virtual Files FilesToSave() const = 0;

  TokenFacts facts_;
};

// The rule of a tokenizer whose tokens never reach over a line end, for CutAfter: the first line
// end from `least` on.
size_t CutAfterLine(std::string_view text, size_t least);

// The same for one whose tokens never reach from an ASCII letter over a space to another: the first
// such space from `least` on, and from the second byte on.
size_t CutAfterWord(std::string_view text, size_t least);

}  // namespace upcycle
