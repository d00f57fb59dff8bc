// Marks that turn the direction of writing.
#pragma once

#include <cstdint>

namespace upcycle {

// Whether the character makes what follows it, beyond the letters that it stands between, look
// other than it is written: Unicode's embeddings, overrides and isolates (Standard Annex 9, table
// 4). A name that has one could make a table say the contrary.
constexpr bool TurnsDirection(uint32_t code_point) {
  return (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

}  // namespace upcycle
