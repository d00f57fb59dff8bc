// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/adamw.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include "kernels/cpu/adamw.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void AdamWPiece(float* HWY_RESTRICT weights, float* HWY_RESTRICT m, float* HWY_RESTRICT v,
                const float* HWY_RESTRICT gradient, int64_t count, const AdamWFactors& factors) {
  const AdamWFactors f = factors;
  ForLanes(count, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, gradient + i), hn::Set(d, f.gradient));
    const auto scaled = hn::Mul(g, hn::Set(d, f.one_minus_beta1));
    const auto first = hn::MulAdd(hn::LoadU(d, m + i), hn::Set(d, f.beta1), scaled);
    const auto square = hn::Mul(hn::Mul(g, g), hn::Set(d, f.one_minus_beta2));
    const auto second = hn::MulAdd(hn::LoadU(d, v + i), hn::Set(d, f.beta2), square);
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

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

// By what the gradients are multiplied so that their norm is at most clip_norm. A norm that is not
// a number gives gradients that are not numbers, which the trainer's guard sees.
double ClipFactor(double norm, double clip_norm) {
  if (clip_norm == 0 || norm <= clip_norm) return 1;
  return clip_norm / norm;
}

AdamWFactors FactorsOf(const AdamWStep& step, double norm) {
  const auto steps = static_cast<double>(step.step);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  return {
      .gradient = narrow(ClipFactor(norm, step.clip_norm)),
      .beta1 = narrow(step.beta1),
      .one_minus_beta1 = narrow(1 - step.beta1),
      .beta2 = narrow(step.beta2),
      .one_minus_beta2 = narrow(1 - step.beta2),
      .first_correction = narrow(1 / (1 - std::pow(step.beta1, steps))),
      .second_correction = narrow(1 / (1 - std::pow(step.beta2, steps))),
      .epsilon = narrow(step.epsilon),
      .weight_decay = narrow(step.weight_decay),
      .learning_rate = narrow(step.learning_rate),
  };
}

}  // namespace

HWY_EXPORT(AdamWPiece);

void CpuBackend::DoAdamW(Tensor weights, Tensor m, Tensor v, ConstTensor gradient, ConstTensor norm,
                         const AdamWStep& step, Tensor rounded) {
  constexpr int64_t kPiece = 1 << 14;
  const AdamWFactors factors = FactorsOf(step, step.clip_norm > 0 ? norm.floats()[0] : 0.0);
  pool_.ParallelRanges(weights.size(), kPiece, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AdamWPiece)
    (weights.floats() + begin, m.floats() + begin, v.floats() + begin, gradient.floats() + begin,
     end - begin, factors);
    if (!rounded.empty()) {
      std::copy(weights.floats() + begin, weights.floats() + end, rounded.floats() + begin);
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
