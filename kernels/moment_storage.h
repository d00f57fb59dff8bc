// How AdamW's moments are held in 16 and in 8 bits: the rules that both bodies follow to the bit.
//
// bfloat16 is rounded at random, up with the probability that keeps the mean: with beta2 = 0.999 a
// step changes v by less than half of bfloat16's spacing, so that rounding to nearest would never
// move it. The random bits are a pure function of (seed, step, index, moment).
//
// 8 bits are codes of a DynamicMap, in blocks of kMomentBlock elements with one float32 scale each.
// The scale is the element of largest magnitude with its sign (of +x and -x the positive), so that
// it is held exactly and reading and storing again gives the same codes and scales. A block whose
// largest is below the smallest normal float32 becomes zero; one that holds an infinity or a NaN
// has that for its scale and for every element.
#pragma once

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/counter_bits.h"
#include "kernels/dynamic_map.h"
#include "kernels/host_device.h"

namespace upcycle {

// The elements [begin, begin + count) of moments as flat tensors; `begin` starts a block.
Moments PartOf(const Moments& moments, int64_t begin, int64_t count);

// One moment's memory, and what its codes stand for.
struct MomentArrays {
  Tensor elements;
  Tensor scales;
  const DynamicMap& map;
};
inline MomentArrays ArraysOf(const Moments& moments, Moment which) {
  if (which == Moment::kFirst) return {moments.m, moments.m_scales, kSignedMap};
  return {moments.v, moments.v_scales, kUnsignedMap};
}

UPCYCLE_HOST_DEVICE constexpr uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
UPCYCLE_HOST_DEVICE constexpr float FloatOfBits(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}

inline constexpr uint32_t kInfinityBits = 0x7f800000;
inline constexpr uint32_t kMagnitudeBits = 0x7fffffff;

// --------------------------------------------------------------------------------------- bfloat16

// What all elements of a step share. An element's upper 16 bits are for m, the lower for v.
CounterKey RoundingKeyOf(const AdamWStep& step);

// The bits of one of the two bfloat16 next to x, by 16 random bits added below those that are kept.
// What bfloat16 holds stays as it is; beyond its largest number comes infinity; NaN stays NaN.
UPCYCLE_HOST_DEVICE constexpr uint16_t RoundAtRandom(float x, uint32_t random) {
  const uint32_t bits = BitsOf(x), magnitude = bits & kMagnitudeBits;
  const uint32_t finite = bits + (random & 0xffff);
  const uint32_t other = bits | (magnitude > kInfinityBits ? 0x400000u : 0u);
  return static_cast<uint16_t>((magnitude < kInfinityBits ? finite : other) >> 16);
}

// The bits of the nearest bfloat16, of equals the even; every one of bfloat16's own 65536 patterns
// stays as it is.
UPCYCLE_HOST_DEVICE constexpr uint16_t RoundToNearest(float x) {
  const uint32_t bits = BitsOf(x);
  if ((bits & 0xffff) == 0) return static_cast<uint16_t>(bits >> 16);
  if ((bits & kMagnitudeBits) > kInfinityBits) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

UPCYCLE_HOST_DEVICE constexpr float FloatOfBFloat16(uint16_t bits) {
  return FloatOfBits(static_cast<uint32_t>(bits) << 16);
}

// ------------------------------------------------------------------------------------------ 8 bits

// Orders numbers by magnitude, then the positive before the negative, NaN above all: a block's
// scale comes from its largest key, in whatever order the keys are compared.
UPCYCLE_HOST_DEVICE constexpr uint32_t ScaleKey(float x) {
  const uint32_t bits = BitsOf(x);
  return bits << 1 | (bits >> 31 ^ 1);
}

UPCYCLE_HOST_DEVICE constexpr float ScaleOfKey(uint32_t key) {
  constexpr uint32_t kSmallestNormal = 0x00800000, kNaN = 0x7fc00000;
  const uint32_t magnitude = key >> 1;
  if (magnitude < kSmallestNormal) return 0;
  if (magnitude > kInfinityBits) return FloatOfBits(kNaN);
  return FloatOfBits(magnitude | ((key & 1) ^ 1) << 31);
}

// What is looked up for an element, in [-1, 1]. A block of zeros has the lowest code everywhere, so
// that it is memory of zeros; one that is not finite the highest, 1.
UPCYCLE_HOST_DEVICE constexpr float OverScale(float x, float scale) {
  if (scale == 0) return -1;
  return (BitsOf(scale) & kMagnitudeBits) < kInfinityBits ? x / scale : 1.0f;
}

}  // namespace upcycle
