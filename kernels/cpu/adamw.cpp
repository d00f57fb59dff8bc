// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/adamw.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/eight_bit-inl.h"
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>

#include "kernels/adamw_factors.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/moment_storage.h"

#ifndef UPCYCLE_KERNELS_CPU_ADAMW_ONCE
#define UPCYCLE_KERNELS_CPU_ADAMW_ONCE
namespace upcycle {

// The elements of one task.
struct AdamWPiece {
  float* weights;
  const float* gradient;
  int64_t count;
  float clip;
  AdamWFactors factors;
};

}  // namespace upcycle
#endif

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// old · decay + x · share. Moments that are held in fewer bits are not fused: they are equal to the
// bit on every machine, a GPU among them, and so are the codes that they round to.
template <bool kFused, class D, class V>
HWY_INLINE V Blend(D d, V old, float decay, V x, float share) {
  const V added = hn::Mul(x, hn::Set(d, share));
  if constexpr (kFused) return hn::MulAdd(old, hn::Set(d, decay), added);
  return hn::Add(hn::Mul(old, hn::Set(d, decay)), added);
}

// The elements [begin, begin + count) of a piece, whose moments are m and v [count].
template <bool kFused>
HWY_INLINE void Update(const AdamWPiece& piece, int64_t begin, int64_t count, float* HWY_RESTRICT m,
                       float* HWY_RESTRICT v) {
  const AdamWFactors f = piece.factors;
  const float clip = piece.clip;
  float* HWY_RESTRICT weights = piece.weights + begin;
  const float* HWY_RESTRICT gradient = piece.gradient + begin;
  ForLanes(count, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, gradient + i), hn::Set(d, clip));
    const auto first = Blend<kFused>(d, hn::LoadU(d, m + i), f.beta1, g, f.one_minus_beta1);
    const auto second =
        Blend<kFused>(d, hn::LoadU(d, v + i), f.beta2, hn::Mul(g, g), f.one_minus_beta2);
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    const auto root = hn::Sqrt(hn::Mul(second, hn::Set(d, f.second_correction)));
    const auto ratio = hn::Div(hn::Mul(first, hn::Set(d, f.first_correction)),
                               hn::Add(root, hn::Set(d, f.epsilon)));
    const auto w = hn::LoadU(d, weights + i);
    const auto update = hn::MulAdd(w, hn::Set(d, f.weight_decay), ratio);
    hn::StoreU(hn::NegMulAdd(hn::Set(d, f.learning_rate), update, w), d, weights + i);
  });
}

void AdamWFloat32(const AdamWPiece& piece, float* HWY_RESTRICT m, float* HWY_RESTRICT v) {
  Update<true>(piece, 0, piece.count, m, v);
}

// `index` is the first element's among all weights of the run.
void AdamWBFloat16(const AdamWPiece& piece, uint16_t* HWY_RESTRICT m, uint16_t* HWY_RESTRICT v,
                   const CounterKey& key, uint64_t index) {
  alignas(64) float first[kMomentBlock], second[kMomentBlock];
  for (int64_t begin = 0; begin < piece.count; begin += kMomentBlock) {
    const int64_t n = HWY_MIN(kMomentBlock, piece.count - begin);
    for (int64_t i = 0; i < n; ++i) first[i] = FloatOfBFloat16(m[begin + i]);
    for (int64_t i = 0; i < n; ++i) second[i] = FloatOfBFloat16(v[begin + i]);
    Update<false>(piece, begin, n, first, second);
    const uint64_t block_index = index + static_cast<uint64_t>(begin);
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t random = CounterBits(key, block_index + static_cast<uint64_t>(i));
      m[begin + i] = RoundAtRandom(first[i], random >> 16);
      v[begin + i] = RoundAtRandom(second[i], random);
    }
  }
}

void AdamWEightBit(const AdamWPiece& piece, const Moments& moments) {
  alignas(64) float first[kMomentBlock], second[kMomentBlock];
  for (int64_t begin = 0; begin < piece.count; begin += kMomentBlock) {
    const int64_t n = HWY_MIN(kMomentBlock, piece.count - begin);
    uint8_t* m = moments.m.data<uint8_t>() + begin;
    uint8_t* v = moments.v.data<uint8_t>() + begin;
    float& m_scale = moments.m_scales.floats()[begin / kMomentBlock];
    float& v_scale = moments.v_scales.floats()[begin / kMomentBlock];
    LoadBlock(first, m, m_scale, kSignedMap, n);
    LoadBlock(second, v, v_scale, kUnsignedMap, n);
    Update<false>(piece, begin, n, first, second);
    m_scale = StoreBlock(m, first, kSignedCodes, n);
    v_scale = StoreBlock(v, second, kUnsignedCodes, n);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

uint16_t* BitsOfBFloat16(const Tensor& x) { return static_cast<uint16_t*>(x.memory()); }

}  // namespace

HWY_EXPORT(AdamWFloat32);
HWY_EXPORT(AdamWBFloat16);
HWY_EXPORT(AdamWEightBit);

void CpuBackend::DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient,
                         ConstTensor norm, const AdamWStep& step, Tensor rounded) {
  constexpr int64_t kPiece = 1 << 14;
  static_assert(kPiece % kMomentBlock == 0);
  const AdamWFactors factors = FactorsOf(step);
  const CounterKey key = RoundingKeyOf(step);
  const float clip = ClipFactor(norm.empty() ? nullptr : norm.floats(), step.clip_norm);
  pool_.ParallelRanges(weights.size(), kPiece, [&](int64_t begin, int64_t end) {
    const AdamWPiece piece = {weights.floats() + begin, gradient.floats() + begin, end - begin,
                              clip, factors};
    const Moments part = PartOf(moments, begin, end - begin);
    if (part.m.type() == DataType::kFloat32) {
      HWY_DYNAMIC_DISPATCH(AdamWFloat32)(piece, part.m.floats(), part.v.floats());
    } else if (part.m.type() == DataType::kBFloat16) {
      HWY_DYNAMIC_DISPATCH(AdamWBFloat16)
      (piece, BitsOfBFloat16(part.m), BitsOfBFloat16(part.v), key,
       static_cast<uint64_t>(step.first_index + begin));
    } else {
      HWY_DYNAMIC_DISPATCH(AdamWEightBit)(piece, part);
    }
    if (!rounded.empty()) {
      std::copy(weights.floats() + begin, weights.floats() + end, rounded.floats() + begin);
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
