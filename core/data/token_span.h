#pragma once

#include <cstdint>

namespace upcycle {

// Tokens of an array, from `begin` on.
struct TokenSpan {
  int64_t begin = 0;
  int64_t count = 0;
  bool operator==(const TokenSpan&) const = default;
};

}  // namespace upcycle
