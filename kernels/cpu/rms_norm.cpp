// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rms_norm.cpp"
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

// One row of `width`; returns its rstd.
float RmsNormForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x,
                        const float* HWY_RESTRICT weight, int64_t width, double epsilon) {
  const float squares = SumLanes(width, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    return hn::MulAdd(v, v, sum);
  });
  const auto rstd = static_cast<float>(
      1.0 / std::sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
  ForLanes(width, [=](auto d, int64_t i) HWY_ATTR {
    const auto normal = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, rstd));
    hn::StoreU(hn::Mul(normal, hn::LoadU(d, weight + i)), d, out + i);
  });
  return rstd;
}

// With g = d_out · weight: d_x += rstd · (g - x · rstd² · mean(g · x)).
void RmsNormBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                        const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight, float rstd,
                        int64_t width) {
  const float dot = SumLanes(width, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, d_out + i), hn::LoadU(d, weight + i));
    return hn::MulAdd(g, hn::LoadU(d, x + i), sum);
  });
  const float pull = rstd * rstd * (dot / static_cast<float>(width));
  ForLanes(width, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, d_out + i), hn::LoadU(d, weight + i));
    const auto inner = hn::NegMulAdd(hn::LoadU(d, x + i), hn::Set(d, pull), g);
    hn::StoreU(hn::MulAdd(inner, hn::Set(d, rstd), hn::LoadU(d, d_x + i)), d, d_x + i);
  });
}

// d_weight += Σ_rows d_out · x · rstd over the columns [begin, end), row after row.
void RmsNormBackwardColumns(Tensor d_weight, ConstTensor d_out, ConstTensor x, ConstTensor rstd,
                            int64_t begin, int64_t end) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  float* HWY_RESTRICT total = d_weight.floats() + begin;
  const float* HWY_RESTRICT gradient = d_out.floats() + begin;
  const float* HWY_RESTRICT value = x.floats() + begin;
  const float* HWY_RESTRICT scale = rstd.floats();
  ForLanes(end - begin, [=](auto d, int64_t i) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) {
      const auto normal = hn::Mul(hn::LoadU(d, value + r * width + i), hn::Set(d, scale[r]));
      sum = hn::MulAdd(hn::LoadU(d, gradient + r * width + i), normal, sum);
    }
    hn::StoreU(hn::Add(hn::LoadU(d, total + i), sum), d, total + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(RmsNormForwardRow);
HWY_EXPORT(RmsNormBackwardRow);
HWY_EXPORT(RmsNormBackwardColumns);

void CpuBackend::DoRmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                  double epsilon) {
  const int64_t width = x.dim(1);
  pool_.ParallelRanges(x.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      rstd.floats()[r] = HWY_DYNAMIC_DISPATCH(RmsNormForwardRow)(
          out.floats() + r * width, x.floats() + r * width, weight.floats(), width, epsilon);
    }
  });
}

void CpuBackend::DoRmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                                   ConstTensor weight, ConstTensor rstd) {
  const int64_t width = x.dim(1);
  pool_.ParallelRanges(x.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      HWY_DYNAMIC_DISPATCH(RmsNormBackwardRow)
      (d_x.floats() + r * width, d_out.floats() + r * width, x.floats() + r * width,
       weight.floats(), rstd.floats()[r], width);
    }
  });
  pool_.ParallelRanges(width, kColumnsOfTask, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(RmsNormBackwardColumns)(d_weight, d_out, x, rstd, begin, end);
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
