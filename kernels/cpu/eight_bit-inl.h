// Blocks of 8-bit moments to float32 and back, compiled once for each instruction set (see simd.h).
#if defined(UPCYCLE_KERNELS_CPU_EIGHT_BIT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPCYCLE_KERNELS_CPU_EIGHT_BIT_INL_H_
#undef UPCYCLE_KERNELS_CPU_EIGHT_BIT_INL_H_
#else
#define UPCYCLE_KERNELS_CPU_EIGHT_BIT_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "kernels/cpu/nearest_codes.h"
#include "kernels/moment_storage.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// x [n] = a block of n elements.
HWY_INLINE void LoadBlock(float* HWY_RESTRICT x, const uint8_t* HWY_RESTRICT codes, float scale,
                          const DynamicMap& map, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = map.values[codes[i]] * scale;
}

// A block of n elements becomes x; the scale is returned.
HWY_INLINE float StoreBlock(uint8_t* HWY_RESTRICT codes, const float* HWY_RESTRICT x,
                            const NearestCodes& nearest, int64_t n) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t key = ScaleKey(x[i]);
    largest = key > largest ? key : largest;
  }
  const float scale = ScaleOfKey(largest);
  // Apart, so that the division is one of vectors.
  alignas(64) float quotients[kMomentBlock];
  for (int64_t i = 0; i < n; ++i) quotients[i] = OverScale(x[i], scale);
  for (int64_t i = 0; i < n; ++i) codes[i] = nearest.Of(quotients[i]);
  return scale;
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#endif
