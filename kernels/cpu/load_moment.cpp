// Moments as plain float32, and back.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/load_moment.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/eight_bit-inl.h"
// clang-format on

#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/moment_storage.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void LoadEightBit(float* x, const uint8_t* codes, const float* scales, const DynamicMap& map,
                  int64_t count) {
  for (int64_t begin = 0; begin < count; begin += kMomentBlock) {
    const int64_t n = HWY_MIN(kMomentBlock, count - begin);
    LoadBlock(x + begin, codes + begin, scales[begin / kMomentBlock], map, n);
  }
}

void StoreEightBit(uint8_t* codes, float* scales, const float* x, const NearestCodes& nearest,
                   int64_t count) {
  for (int64_t begin = 0; begin < count; begin += kMomentBlock) {
    const int64_t n = HWY_MIN(kMomentBlock, count - begin);
    scales[begin / kMomentBlock] = StoreBlock(codes + begin, x + begin, nearest, n);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

constexpr int64_t kPiece = 1 << 14;
static_assert(kPiece % kMomentBlock == 0);

}  // namespace

HWY_EXPORT(LoadEightBit);
HWY_EXPORT(StoreEightBit);

void CpuBackend::DoLoadMoment(Tensor out, const Moments& moments, Moment which) {
  const MomentArrays moment = ArraysOf(moments, which);
  if (moment.elements.type() == DataType::kFloat32) return DoCopy(out, moment.elements);
  pool_.ParallelRanges(out.size(), kPiece, [&](int64_t begin, int64_t end) {
    float* x = out.floats() + begin;
    if (moment.elements.type() == DataType::kBFloat16) {
      const auto* elements = static_cast<const uint16_t*>(moment.elements.memory());
      std::transform(elements + begin, elements + end, x, FloatOfBFloat16);
    } else {
      HWY_DYNAMIC_DISPATCH(LoadEightBit)
      (x, moment.elements.data<uint8_t>() + begin, moment.scales.floats() + begin / kMomentBlock,
       moment.map, end - begin);
    }
  });
}

void CpuBackend::DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) {
  const MomentArrays moment = ArraysOf(moments, which);
  if (moment.elements.type() == DataType::kFloat32) return DoCopy(moment.elements, x);
  const NearestCodes& nearest = which == Moment::kFirst ? kSignedCodes : kUnsignedCodes;
  pool_.ParallelRanges(x.size(), kPiece, [&](int64_t begin, int64_t end) {
    const float* from = x.floats() + begin;
    if (moment.elements.type() == DataType::kBFloat16) {
      auto* elements = static_cast<uint16_t*>(moment.elements.memory());
      std::transform(from, from + (end - begin), elements + begin, RoundToNearest);
    } else {
      HWY_DYNAMIC_DISPATCH(StoreEightBit)
      (moment.elements.data<uint8_t>() + begin, moment.scales.floats() + begin / kMomentBlock, from,
       nearest, end - begin);
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
