// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/scale.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include "kernels/cpu/cpu_backend.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void ScalePiece(float* x, int64_t count, float factor) { Scale(x, count, factor); }

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(ScalePiece);

void CpuBackend::DoScale(Tensor x, double factor) {
  constexpr int64_t kPiece = 1 << 16;
  pool_.ParallelRanges(x.size(), kPiece, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(ScalePiece)
    (x.floats() + begin, end - begin, static_cast<float>(factor));
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
