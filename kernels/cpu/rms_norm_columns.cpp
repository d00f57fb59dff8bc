// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rms_norm_columns.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// One group of `size`; returns its rstd.
float NormGroupForward(float* HWY_RESTRICT out, const float* HWY_RESTRICT x,
                       const float* HWY_RESTRICT weight, int64_t size, double epsilon) {
  const float squares = SumLanes(size, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    return hn::MulAdd(v, v, sum);
  });
  const auto rstd = static_cast<float>(
      1.0 / std::sqrt(static_cast<double>(squares) / static_cast<double>(size) + epsilon));
  ForLanes(size, [=](auto d, int64_t i) HWY_ATTR {
    const auto normal = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, rstd));
    hn::StoreU(hn::Mul(normal, hn::LoadU(d, weight + i)), d, out + i);
  });
  return rstd;
}

// With g = d_x · weight, d_x becomes rstd · (g - x · rstd² · mean(g · x)).
void NormGroupBackward(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT x,
                       const float* HWY_RESTRICT weight, float rstd, int64_t size) {
  const float dot = SumLanes(size, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, d_x + i), hn::LoadU(d, weight + i));
    return hn::MulAdd(g, hn::LoadU(d, x + i), sum);
  });
  const float pull = rstd * rstd * (dot / static_cast<float>(size));
  ForLanes(size, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, d_x + i), hn::LoadU(d, weight + i));
    const auto inner = hn::NegMulAdd(hn::LoadU(d, x + i), hn::Set(d, pull), g);
    hn::StoreU(hn::Mul(inner, hn::Set(d, rstd)), d, d_x + i);
  });
}

// d_weight[begin, end) += Σ_rows Σ_groups d_out · x · rstd, row after row and group after group;
// d_out and x [n, C] from the first group's first column on.
void NormGroupsWeight(Tensor d_weight, const float* d_out, const float* x, ConstTensor rstd,
                      int64_t columns, int64_t begin, int64_t end) {
  const int64_t rows = rstd.dim(0), groups = rstd.dim(1), size = d_weight.dim(0);
  float* HWY_RESTRICT total = d_weight.floats() + begin;
  const float* HWY_RESTRICT scale = rstd.floats();
  ForLanes(end - begin, [=](auto d, int64_t i) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t at = r * columns + g * size + begin + i;
        const auto normal = hn::Mul(hn::LoadU(d, x + at), hn::Set(d, scale[r * groups + g]));
        sum = hn::MulAdd(hn::LoadU(d, d_out + at), normal, sum);
      }
    }
    hn::StoreU(hn::Add(hn::LoadU(d, total + i), sum), d, total + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(NormGroupForward);
HWY_EXPORT(NormGroupBackward);
HWY_EXPORT(NormGroupsWeight);

void CpuBackend::DoRmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                         int64_t begin, double epsilon) {
  const int64_t columns = x.dim(1), groups = rstd.dim(1), size = weight.dim(0);
  pool_.ParallelRanges(x.dim(0), RowsOfTask(groups * size), [&](int64_t first, int64_t last) {
    for (int64_t i = first * groups; i < last * groups; ++i) {
      const int64_t at = i / groups * columns + begin + i % groups * size;
      rstd.floats()[i] = HWY_DYNAMIC_DISPATCH(NormGroupForward)(out.floats() + at, x.floats() + at,
                                                                weight.floats(), size, epsilon);
    }
  });
}

// The weights' gradient first, since it reads what the rows then overwrite.
void CpuBackend::DoRmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x,
                                          ConstTensor weight, ConstTensor rstd, int64_t begin) {
  const int64_t columns = x.dim(1), groups = rstd.dim(1), size = weight.dim(0);
  pool_.ParallelRanges(size, kColumnsOfTask, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(NormGroupsWeight)
    (d_weight, d_x.floats() + begin, x.floats() + begin, rstd, columns, first, last);
  });
  pool_.ParallelRanges(x.dim(0), RowsOfTask(groups * size), [&](int64_t first, int64_t last) {
    for (int64_t i = first * groups; i < last * groups; ++i) {
      const int64_t at = i / groups * columns + begin + i % groups * size;
      HWY_DYNAMIC_DISPATCH(NormGroupBackward)
      (d_x.floats() + at, x.floats() + at, weight.floats(), rstd.floats()[i], size);
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
