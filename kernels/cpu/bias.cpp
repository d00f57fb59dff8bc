// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/bias.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void AddBiasToRow(float* row, const float* bias, int64_t width) { AddTo(row, bias, width); }

// d_bias += Σ_rows d_out over the columns [begin, end), row after row.
void BiasBackwardColumns(Tensor d_bias, ConstTensor d_out, int64_t begin, int64_t end) {
  const int64_t rows = d_out.dim(0), width = d_out.dim(1);
  float* HWY_RESTRICT total = d_bias.floats() + begin;
  const float* HWY_RESTRICT gradient = d_out.floats() + begin;
  ForLanes(end - begin, [=](auto d, int64_t i) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) sum = hn::Add(sum, hn::LoadU(d, gradient + r * width + i));
    hn::StoreU(hn::Add(hn::LoadU(d, total + i), sum), d, total + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(AddBiasToRow);
HWY_EXPORT(BiasBackwardColumns);

void CpuBackend::DoAddBias(Tensor out, ConstTensor bias) {
  const int64_t width = out.dim(1);
  pool_.ParallelRanges(out.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      HWY_DYNAMIC_DISPATCH(AddBiasToRow)(out.floats() + r * width, bias.floats(), width);
    }
  });
}

void CpuBackend::DoBiasBackward(Tensor d_bias, ConstTensor d_out) {
  pool_.ParallelRanges(d_out.dim(1), kColumnsOfTask, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(BiasBackwardColumns)(d_bias, d_out, begin, end);
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
