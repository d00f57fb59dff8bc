#include "core/recipe/utf8.h"

#include <algorithm>
#include <cstdint>

namespace upcycle {
namespace {

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Bytes of the valid code point at the beginning of the text, or 0.
size_t CodePointBytes(std::string_view text) {
  const uint8_t lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const uint8_t second = static_cast<uint8_t>(text[1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second >= 0xA0;
  const bool too_large = lead == 0xF4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : size;
}

bool IsControl(std::string_view text) {
  const uint8_t c = static_cast<uint8_t>(text[0]);
  if (c == '\t' || c == '\n') return false;
  if (c == '\r') return text.size() < 2 || text[1] != '\n';
  return c < 0x20 || c == 0x7F;
}

}  // namespace

size_t CountCharacters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), IsContinuation));
}

size_t BytesOfCharacters(std::string_view text, size_t characters) {
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (IsContinuation(text[i])) continue;
    if (characters == 0) return i;
    --characters;
  }
  return i;
}

size_t FindUnreadable(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const size_t bytes = CodePointBytes(text.substr(i));
    if (bytes == 0 || IsControl(text.substr(i))) return i;
    i += bytes;
  }
  return i;
}

}  // namespace upcycle
