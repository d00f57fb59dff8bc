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

}  // namespace upcycle
