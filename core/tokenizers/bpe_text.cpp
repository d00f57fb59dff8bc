#include "core/tokenizers/bpe_text.h"

#include <algorithm>

#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr uint32_t kEscapedSpaceCodePoint = 0x2581;
constexpr uint32_t kUnknownCodePoint = 0x2585;

// The bytes of the character at the beginning of `text` if it may be part of a word, else 0.
size_t WordCharacter(std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) return IsControl(text[0]) ? 0 : 1;
  const DecodedCharacter character = DecodeCharacter(text);
  const bool reserved =
      character.code_point == kEscapedSpaceCodePoint || character.code_point == kUnknownCodePoint;
  return reserved ? 0 : character.bytes;
}

}  // namespace

bool SpansWords(std::string_view piece) {
  for (size_t at = piece.find(kEscapedSpace, 1); at < piece.size();
       at = piece.find(kEscapedSpace, at + 1)) {
    if (!piece.substr(0, at).ends_with(kEscapedSpace)) return true;
  }
  return false;
}

TextPart FirstPart(std::string_view text) {
  size_t end = std::min(text.find_first_not_of(' '), text.size());
  while (end < text.size() && text[end] != ' ') {
    const size_t bytes = WordCharacter(text.substr(end));
    if (bytes == 0) break;
    end += bytes;
  }
  if (end > 0) return {text.substr(0, end), true};
  const DecodedCharacter loose = DecodeCharacter(text);
  return {text.substr(0, std::max<size_t>(loose.bytes, 1)), false};
}

size_t WordsAtBegin(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const TextPart part = FirstPart(text.substr(bytes));
    if (!part.word) break;
    bytes += part.text.size();
  }
  return bytes;
}

}  // namespace upcycle
