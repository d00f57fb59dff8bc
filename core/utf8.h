// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace upcycle {

struct DecodedCharacter {
  uint32_t code_point = 0;
  size_t bytes = 0;  // 0: what begins here is not UTF-8
};

// The character at the beginning of `text`, which is not empty.
DecodedCharacter DecodeCharacter(std::string_view text);

// The offset of the first byte that is not UTF-8, or text.size().
size_t ValidUtf8Prefix(std::string_view text);

// Whether the byte is the second or a later one of a character.
constexpr bool ContinuesCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Bytes of the character of valid UTF-8 that begins with this byte.
constexpr size_t CharacterBytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Whether the byte is a control character of ASCII: a terminal may obey it.
constexpr bool IsControl(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
}

// Code points of valid UTF-8; in other text, every byte that continues no character counts.
size_t CountCharacters(std::string_view text);

// Bytes of the first `characters` code points, or of all of the text if it has fewer.
size_t BytesOfCharacters(std::string_view text, size_t characters);

}  // namespace upcycle
