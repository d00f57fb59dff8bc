// The 256 numbers that an element of 8 bits can stand for, over the scale of its block: dynamic
// quantisation (Dettmers, Lewis, Shleifer, Zettlemoyer, "8-bit Optimizers via Block-wise
// Quantization", ICLR 2022, sections 1.3 and 2.2).
//
// A number below 1 has one of seven decimal exponents, and the larger it is, the finer its
// fraction: in the decade that ends at 10^(k-6), k from 0 to 6, the numbers are the centres of 2^k
// equal parts of [0.1, 1], times 10^(k-6), with either sign. Without a sign its bit goes to the
// fraction, and the parts are 2^(k+1). To these come 0 and 1 itself.
//
// Other than in the paper, without a sign nothing but 0 becomes 0. What has no sign is AdamW's
// second moment, which divides: to take a small one for 0 would make the next step of its weight up
// to 1/sqrt(1 - beta2) times as long, and to take it for the smallest number only makes it shorter.
#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace upcycle {

inline constexpr int kCodes = 256;

struct DynamicMap {
  float values[kCodes];  // rising, by code; the last is 1
  // A number of at most boundaries[c] is as near to values[c] as to values[c + 1], or nearer, but
  // for the smallest numbers without a sign; the last is infinity.
  float boundaries[kCodes];
};

// The code of the value nearest to x, of equally near ones the lower; see above for the exception.
// x is not NaN.
UPCYCLE_HOST_DEVICE constexpr int NearestCode(const float* boundaries, float x) {
  int code = 0;
  for (int step = kCodes / 2; step > 0; step /= 2) {
    if (x > boundaries[code + step - 1]) code += step;
  }
  return code;
}

namespace internal {

// The largest float32 that is at most x, which is no zero.
constexpr float RoundedDown(double x) {
  const auto nearest = static_cast<float>(x);
  if (nearest <= x) return nearest;
  const auto bits = __builtin_bit_cast(uint32_t, nearest);
  return __builtin_bit_cast(float, nearest > 0 ? bits - 1 : bits + 1);
}

// Appends the centres of the parts of the decade that ends at `top`; `count` are there so far.
constexpr int AddDecade(float* positives, int count, double top, int parts) {
  for (int part = 0; part < parts; ++part) {
    positives[count++] = static_cast<float>(top * (0.1 + 0.9 * (part + 0.5) / parts));
  }
  return count;
}

}  // namespace internal

constexpr DynamicMap MakeDynamicMap(bool with_sign) {
  constexpr double kTops[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};
  float positives[kCodes] = {};
  int count = 0;
  for (int k = 0; k < 7; ++k) {
    count = internal::AddDecade(positives, count, kTops[k], with_sign ? 1 << k : 2 << k);
  }
  DynamicMap map = {};
  int code = 0;
  for (int i = count; with_sign && i > 0; --i) map.values[code++] = -positives[i - 1];
  map.values[code++] = 0;
  for (int i = 0; i < count; ++i) map.values[code++] = positives[i];
  map.values[code] = 1;
  for (int i = 0; i + 1 < kCodes; ++i) {
    const double sum = static_cast<double>(map.values[i]) + static_cast<double>(map.values[i + 1]);
    map.boundaries[i] = internal::RoundedDown(sum / 2);
  }
  if (!with_sign) map.boundaries[0] = 0;
  map.boundaries[kCodes - 1] = __builtin_huge_valf();
  return map;
}

inline constexpr DynamicMap kSignedMap = MakeDynamicMap(/*with_sign=*/true);
inline constexpr DynamicMap kUnsignedMap = MakeDynamicMap(/*with_sign=*/false);

}  // namespace upcycle
