#include "core/tokenizers/pre_tokenizer_steps.h"

#include <algorithm>
#include <array>

#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/byte_alphabet.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

using AtSpaces = PreTokenizer::AtSpaces;
using Piece = PreTokenizer::Piece;

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
                                   R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// None has a match with a letter and a space behind it, none looks behind, and the only thing that
// one looks for ahead, no more than whitespace, is there at a space and at the end of a text alike.
constexpr std::array<std::string_view, 3> kPatternsThatSeparate = {kGpt2, kLlama3, kQwen};

}  // namespace

SplitStep::SplitStep(const JsonNode& node)
    : pattern_(node["pattern"]),
      delimiter_(ReadDelimiter(node["behavior"])),
      inverted_(node.BoolOr("invert", false)) {}

SplitStep::SplitStep(std::string_view pattern, Delimiter delimiter, bool inverted)
    : pattern_(pattern), delimiter_(delimiter), inverted_(inverted) {}

void SplitStep::Split(Piece piece, PreTokenizer::Take take) const {
  SplitAt(
      piece.text, [&](TakeMatch match) { pattern_.Visit(piece.text, match); }, delimiter_,
      inverted_,
      [&](size_t begin, size_t end) {
        take({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
      });
}

AtSpaces SplitStep::at_spaces() const {
  const bool separates = delimiter_ == Delimiter::kIsolated &&
                         std::ranges::any_of(kPatternsThatSeparate, [&](std::string_view pattern) {
                           return pattern_.IsRegex(pattern);
                         });
  return separates ? AtSpaces::kSeparates : AtSpaces::kUnknown;
}

void CharacterStep::Split(Piece piece, PreTokenizer::Take take) const {
  const auto visit = [&](TakeMatch match) {
    for (size_t at = 0; at < piece.text.size();) {
      const DecodedCharacter character = DecodeCharacter(piece.text.substr(at));
      const size_t end = at + std::max<size_t>(character.bytes, 1);
      if (is_delimiter_(character.code_point)) match(at, end);
      at = end;
    }
  };
  SplitAt(piece.text, visit, delimiter_, /*inverted=*/false, [&](size_t begin, size_t end) {
    take({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
  });
}

ByteLevelStep::ByteLevelStep(const JsonNode& node)
    : prefix_space_(node.BoolOr("add_prefix_space", true)) {
  if (node.BoolOr("use_regex", true)) words_.emplace(kGpt2, Delimiter::kIsolated, false);
}

void ByteLevelStep::Take(Piece piece, PreTokenizer::Take take) const {
  if (keeps_bytes_) return take(piece);
  take({InByteAlphabet(piece.text), piece.at_start});
}

void ByteLevelStep::Split(Piece piece, PreTokenizer::Take take) const {
  std::string prefixed;
  if (prefix_space_ && !piece.text.starts_with(' ')) {
    prefixed = ' ';
    prefixed += piece.text;
    piece.text = prefixed;
  }
  if (!words_) return Take(piece, take);
  words_->Split(piece, [&](Piece word) { Take(word, take); });
}

AtSpaces ByteLevelStep::at_spaces() const {
  return words_ ? AtSpaces::kSeparates : AtSpaces::kNothing;
}

MetaspaceStep::MetaspaceStep(const JsonNode& node)
    : replacement_(node["replacement"].String()),
      prepend_(ReadPrepend(node)),
      splits_(node.BoolOr("split", true)) {
  if (CountCharacters(replacement_) != 1) node["replacement"].Refuse("is not one character");
}

MetaspaceStep::Prepend MetaspaceStep::ReadPrepend(const JsonNode& node) {
  const std::string scheme = node.StringOr("prepend_scheme", "always");
  // Older files have add_prefix_space alone.
  const bool prefix = node.BoolOr("add_prefix_space", true);
  if (scheme == "never" || (!prefix && !node.Find("prepend_scheme"))) return Prepend::kNever;
  if (!prefix) node["add_prefix_space"].Refuse("contradicts prepend_scheme");
  if (scheme == "always") return Prepend::kAlways;
  if (scheme == "first") return Prepend::kFirst;
  node["prepend_scheme"].RefuseFeature("the scheme " + scheme);
}

void MetaspaceStep::Split(Piece piece, PreTokenizer::Take take) const {
  std::string text;
  text.reserve(piece.text.size() + piece.text.size() / 2);
  for (const char c : piece.text) {
    if (c == ' ') {
      text += replacement_;
    } else {
      text += c;
    }
  }
  const bool prepends =
      prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && piece.at_start);
  if (prepends && !text.starts_with(replacement_)) text = replacement_ + text;
  if (!splits_) return take({text, piece.at_start});
  const std::string_view whole = text;
  size_t begin = 0;
  while (begin < whole.size()) {
    const size_t end = std::min(whole.find(replacement_, begin + 1), whole.size());
    take({whole.substr(begin, end - begin), piece.at_start && begin == 0});
    begin = end;
  }
}

AtSpaces MetaspaceStep::at_spaces() const {
  if (splits_) return AtSpaces::kSeparates;
  return replacement_ == kEscapedSpace ? AtSpaces::kEscapes : AtSpaces::kUnknown;
}

}  // namespace upcycle
