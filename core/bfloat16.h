// bfloat16: the upper half of a float32, so 8 significant bits over the same range.
#pragma once

#include <bit>
#include <cstdint>

#include "core/tensor.h"

namespace upcycle {

struct BFloat16 {
  uint16_t bits;
};

template <>
struct DataTypeOf<BFloat16> {
  static constexpr DataType value = DataType::kBFloat16;
};

constexpr float FloatOf(BFloat16 x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16);
}

// The nearest, of equals the even; what is beyond the largest becomes infinite, NaN stays NaN.
constexpr BFloat16 RoundToBFloat16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  constexpr uint32_t kInfinity = 0x7f800000;
  if ((bits & 0x7fffffff) > kInfinity) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

}  // namespace upcycle
