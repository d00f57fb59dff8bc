// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rope.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// Rotates the pairs (i, i + half) of `heads` heads of `width` by their angles, or by the opposite
// angles.
void RotateHeads(float* HWY_RESTRICT x, const float* HWY_RESTRICT cosines,
                 const float* HWY_RESTRICT sines, int64_t heads, int64_t width, int64_t half,
                 bool backward) {
  const float sign = backward ? -1.0f : 1.0f;
  for (int64_t h = 0; h < heads; ++h) {
    float* HWY_RESTRICT first = x + h * width;
    float* HWY_RESTRICT second = first + half;
    ForLanes(half, [=](auto d, int64_t i) HWY_ATTR {
      const auto cosine = hn::LoadU(d, cosines + i);
      const auto sine = hn::Mul(hn::Set(d, sign), hn::LoadU(d, sines + i));
      const auto a = hn::LoadU(d, first + i);
      const auto b = hn::LoadU(d, second + i);
      hn::StoreU(hn::NegMulAdd(b, sine, hn::Mul(a, cosine)), d, first + i);
      hn::StoreU(hn::MulAdd(a, sine, hn::Mul(b, cosine)), d, second + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(RotateHeads);

void CpuBackend::DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                        const AttentionShape& shape, ConstTensor starts, bool backward) {
  const int64_t half = cosines.dim(1), width = shape.fused_width();
  const int32_t* first = starts.empty() ? nullptr : starts.ints();
  pool_.ParallelRanges(shape.tokens(), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t position = t % shape.length - (first == nullptr ? 0 : first[t]);
      HWY_DYNAMIC_DISPATCH(RotateHeads)
      (qkv.floats() + t * width, cosines.floats() + position * half,
       sines.floats() + position * half, shape.heads + shape.kv_heads, shape.head_width, half,
       backward);
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
