// The kinds of steps that a PreTokenizer has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/tokenizers/pattern.h"
#include "core/tokenizers/pre_tokenizer.h"
#include "core/tokenizers/splitting.h"

namespace upcycle {

class SplitStep final : public PreTokenizer::Step {
 public:
  explicit SplitStep(const JsonNode& node);
  // A pattern whose matches, or what lies between them, are the words.
  SplitStep(std::string_view pattern, Delimiter delimiter, bool inverted);

  void Split(PreTokenizer::Piece piece, PreTokenizer::Take take) const override;
  PreTokenizer::AtSpaces at_spaces() const override;
  const Pattern& pattern() const { return pattern_; }

 private:
  Pattern pattern_;
  Delimiter delimiter_;
  bool inverted_;
};

// Cuts at characters of a kind, each of which is a delimiter.
class CharacterStep final : public PreTokenizer::Step {
 public:
  using IsDelimiter = bool (*)(uint32_t code_point);
  CharacterStep(IsDelimiter is_delimiter, Delimiter delimiter, PreTokenizer::AtSpaces at_spaces)
      : is_delimiter_(is_delimiter), delimiter_(delimiter), at_spaces_(at_spaces) {}

  void Split(PreTokenizer::Piece piece, PreTokenizer::Take take) const override;
  PreTokenizer::AtSpaces at_spaces() const override { return at_spaces_; }

 private:
  IsDelimiter is_delimiter_;
  Delimiter delimiter_;
  PreTokenizer::AtSpaces at_spaces_;
};

// "ByteLevel": a space before the text, GPT-2's words, and the byte alphabet.
class ByteLevelStep final : public PreTokenizer::Step {
 public:
  explicit ByteLevelStep(const JsonNode& node);

  // From here on words stay bytes.
  void LeaveBytes() { keeps_bytes_ = true; }
  void Split(PreTokenizer::Piece piece, PreTokenizer::Take take) const override;
  PreTokenizer::AtSpaces at_spaces() const override;

 private:
  void Take(PreTokenizer::Piece piece, PreTokenizer::Take take) const;

  bool prefix_space_;
  bool keeps_bytes_ = false;
  std::optional<SplitStep> words_;
};

// "Metaspace": spaces are written as another character, words begin with it.
class MetaspaceStep final : public PreTokenizer::Step {
 public:
  enum class Prepend { kAlways, kFirst, kNever };
  explicit MetaspaceStep(const JsonNode& node);
  static Prepend ReadPrepend(const JsonNode& node);

  void Split(PreTokenizer::Piece piece, PreTokenizer::Take take) const override;
  PreTokenizer::AtSpaces at_spaces() const override;

 private:
  std::string replacement_;  // one character
  Prepend prepend_;
  bool splits_;
};

}  // namespace upcycle
