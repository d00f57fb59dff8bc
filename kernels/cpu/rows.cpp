// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rows.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// out [width] (+)= Σ_j rows[row_of[j]], in the order of j; -1 adds nothing.
void CombineRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT rows,
                const int32_t* HWY_RESTRICT row_of, int64_t top_k, int64_t width, bool accumulate) {
  ForLanes(width, [=](auto d, int64_t i) HWY_ATTR {
    auto sum = accumulate ? hn::LoadU(d, out + i) : hn::Zero(d);
    for (int64_t j = 0; j < top_k; ++j) {
      if (row_of[j] >= 0) sum = hn::Add(sum, hn::LoadU(d, rows + row_of[j] * width + i));
    }
    hn::StoreU(sum, d, out + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(CombineRow);

void CpuBackend::DoGatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) {
  const int64_t width = x.dim(1), top_k = dispatch.row_of.dim(1);
  const auto bytes = static_cast<size_t>(width) * sizeof(float);
  const int32_t* assignment_of = dispatch.assignment_of.ints();
  pool_.ParallelRanges(rows.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* row = rows.floats() + r * width;
      if (assignment_of[r] < 0) {
        std::memset(row, 0, bytes);
      } else {
        std::memcpy(row, x.floats() + assignment_of[r] / top_k * width, bytes);
      }
    }
  });
}

void CpuBackend::DoCombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                               Accumulate accumulate) {
  const int64_t width = out.dim(1), top_k = dispatch.row_of.dim(1);
  pool_.ParallelRanges(out.dim(0), RowsOfTask(width * top_k), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(CombineRow)
      (out.floats() + t * width, rows.floats(), dispatch.row_of.ints() + t * top_k, top_k, width,
       accumulate == Accumulate::kYes);
    }
  });
}

void CpuBackend::DoGatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch) {
  const int32_t* assignment_of = dispatch.assignment_of.ints();
  for (int64_t r = 0; r < row_weight.size(); ++r) {
    row_weight.floats()[r] = assignment_of[r] < 0 ? 0 : weight.floats()[assignment_of[r]];
  }
}

void CpuBackend::DoScatterWeights(Tensor d_weight, ConstTensor d_row_weight,
                                  const Dispatch& dispatch) {
  const int32_t* row_of = dispatch.row_of.ints();
  for (int64_t i = 0; i < d_weight.size(); ++i) {
    d_weight.floats()[i] = row_of[i] < 0 ? 0 : d_row_weight.floats()[row_of[i]];
  }
}

}  // namespace upcycle
#endif  // HWY_ONCE
