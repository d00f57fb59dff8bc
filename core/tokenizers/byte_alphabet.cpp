#include "core/tokenizers/byte_alphabet.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr uint32_t kBytes = 256;
constexpr uint32_t kCharacters = 256 + 68;  // one past the last that stands for a byte

struct Alphabet {
  std::array<std::array<char, 2>, kBytes> characters;
  std::array<size_t, kBytes> sizes;
  std::array<int, kCharacters> bytes;  // -1: none
};

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet = {};
  for (int& byte : alphabet.bytes) byte = -1;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < kBytes; ++byte) {
    const bool visible = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    const uint32_t character = visible ? byte : next++;
    alphabet.bytes[character] = static_cast<int>(byte);
    if (character < 0x80) {
      alphabet.characters[byte] = {static_cast<char>(character), '\0'};
      alphabet.sizes[byte] = 1;
    } else {
      alphabet.characters[byte] = {static_cast<char>(0xC0 | (character >> 6)),
                                   static_cast<char>(0x80 | (character & 0x3F))};
      alphabet.sizes[byte] = 2;
    }
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();

}  // namespace

std::string_view CharacterOfByte(unsigned char byte) {
  return {kAlphabet.characters[byte].data(), kAlphabet.sizes[byte]};
}

std::string InByteAlphabet(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) text += CharacterOfByte(static_cast<unsigned char>(byte));
  return text;
}

std::optional<std::string> FromByteAlphabet(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    if (character.bytes == 0 || character.code_point >= kCharacters) return std::nullopt;
    const int byte = kAlphabet.bytes[character.code_point];
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    text.remove_prefix(character.bytes);
  }
  return bytes;
}

}  // namespace upcycle
