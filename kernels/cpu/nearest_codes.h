// NearestCode by a table, several times as fast as by bisection.
#pragma once

#include <cstdint>

#include "kernels/dynamic_map.h"
#include "kernels/moment_storage.h"

namespace upcycle {

// By the upper 16 bits of a number in [-1, 1], sign and exponent and 7 bits of fraction, the lowest
// code of all numbers that begin so. Each such interval holds one boundary between codes at most.
class NearestCodes {
 public:
  explicit constexpr NearestCodes(const DynamicMap& map) : boundaries_(map.boundaries) {
    for (uint32_t i = 0; i < kIntervals; ++i) {
      const uint32_t begin = (kSmallest + i) << 16;
      const float smallest = i == 0 ? 0 : FloatOfBits(begin);
      const float largest = i + 1 == kIntervals ? 1 : FloatOfBits(begin | 0xffff);
      lowest_[i] = static_cast<uint8_t>(NearestCode(boundaries_, smallest));
      lowest_[kIntervals + i] = static_cast<uint8_t>(NearestCode(boundaries_, -largest));
    }
  }

  // x is in [-1, 1].
  uint8_t Of(float x) const {
    const uint32_t bits = BitsOf(x), begin = (bits & kMagnitudeBits) >> 16;
    const uint32_t interval = begin > kSmallest ? begin - kSmallest : 0;
    const uint8_t code = lowest_[interval + (bits >> 31) * kIntervals];
    return static_cast<uint8_t>(code + (x > boundaries_[code] ? 1 : 0));
  }

 private:
  static constexpr uint32_t kSmallest = 0x3400;  // 2^-23: below it lies no boundary
  static constexpr uint32_t kIntervals = 0x3f80 - kSmallest + 1;  // to 1 itself

  const float* boundaries_;
  uint8_t lowest_[2 * kIntervals] = {};
};

inline constexpr NearestCodes kSignedCodes(kSignedMap);
inline constexpr NearestCodes kUnsignedCodes(kUnsignedMap);

}  // namespace upcycle
