// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/balance.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

float DotRow(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t n) {
  return SumLanes(n, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(DotRow);

void CpuBackend::DoCountAssignments(Tensor counts, ConstTensor expert) {
  const int64_t spans = counts.dim(0), experts = counts.dim(1);
  const int64_t assignments = expert.size() / spans;
  pool_.ParallelFor(spans, [&](int64_t span, int) {
    int32_t* count = counts.ints() + span * experts;
    std::fill(count, count + experts, 0);
    const int32_t* chosen = expert.ints() + span * assignments;
    for (int64_t i = 0; i < assignments; ++i) {
      UPCYCLE_CHECK(chosen[i] >= 0 && chosen[i] < experts);
      ++count[chosen[i]];
    }
  });
}

void CpuBackend::DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities,
                               ConstTensor counts, double factor) {
  for (int64_t i = 0; i < counts.size(); ++i) {
    gradient.floats()[i] = static_cast<float>(factor * counts.ints()[i]);
  }
  const int64_t tokens = probabilities.dim(0), experts = counts.dim(1);
  const int64_t span = tokens / counts.dim(0);
  const double total = SumPieces(tokens, RowsOfTask(4 * experts), [&](int64_t begin, int64_t end) {
    double sum = 0;
    for (int64_t t = begin; t < end; ++t) {
      sum += HWY_DYNAMIC_DISPATCH(DotRow)(gradient.floats() + t / span * experts,
                                          probabilities.floats() + t * experts, experts);
    }
    return sum;
  });
  loss.floats()[0] = static_cast<float>(total);
}

}  // namespace upcycle
#endif  // HWY_ONCE
