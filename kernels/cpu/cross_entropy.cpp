// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/cross_entropy.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

float CrossEntropyLoss(const float* HWY_RESTRICT logits, int64_t vocabulary, int64_t target) {
  const float max = LargestOf(logits, vocabulary);
  const float sum = SumLanes(vocabulary, [=](auto d, int64_t i, auto partial) HWY_ATTR {
    const auto x = hn::Sub(hn::LoadU(d, logits + i), hn::Set(d, max));
    return hn::Add(partial, ExpOfNonPositive(d, x));
  });
  return std::log(sum) - (logits[target] - max);
}

// The loss; logits become scale · (softmax - one-hot).
float CrossEntropyGradient(float* HWY_RESTRICT logits, int64_t vocabulary, int64_t target,
                           float scale) {
  const float max = LargestOf(logits, vocabulary);
  const float target_logit = logits[target];
  const float sum = ExpShifted(logits, vocabulary, max);
  Scale(logits, vocabulary, scale / sum);
  logits[target] -= scale;
  return std::log(sum) - (target_logit - max);
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(CrossEntropyLoss);
HWY_EXPORT(CrossEntropyGradient);

void CpuBackend::DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits,
                                ConstTensor targets, double scale) {
  const int64_t vocabulary = logits.dim(1);
  pool_.ParallelRanges(logits.dim(0), RowsOfTask(vocabulary), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int32_t target = targets.ints()[t];
      UPCYCLE_CHECK(target >= -1 && target < vocabulary);
      float& loss = losses.floats()[t];
      if (d_logits.empty()) {
        const float* row = logits.floats() + t * vocabulary;
        loss = target < 0 ? 0 : HWY_DYNAMIC_DISPATCH(CrossEntropyLoss)(row, vocabulary, target);
        continue;
      }
      float* row = d_logits.floats() + t * vocabulary;
      if (target < 0) {
        loss = 0;
        std::fill(row, row + vocabulary, 0.0f);
      } else {
        loss = HWY_DYNAMIC_DISPATCH(CrossEntropyGradient)(row, vocabulary, target,
                                                          static_cast<float>(scale));
      }
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
