// The visible characters that stand for bytes in byte-level BPE (Radford et al. 2019): printable
// ones of Latin-1 for themselves, the others for U+0100 onwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace upcycle {

// The character that stands for `byte`, as UTF-8.
std::string_view CharacterOfByte(unsigned char byte);

// Each byte by its character.
std::string InByteAlphabet(std::string_view bytes);

// The bytes that the characters stand for; nothing where one of them stands for none.
std::optional<std::string> FromByteAlphabet(std::string_view text);

}  // namespace upcycle
