// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/layer_norm.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/row_moments.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// weight [i, …), or `otherwise` where there is none.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LoadOr(D d, const float* weight, int64_t i, float otherwise) {
  return weight == nullptr ? hn::Set(d, otherwise) : hn::LoadU(d, weight + i);
}

// One row of `width`. The variance comes from a second pass: squares of small differences.
RowMoments LayerNormForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x,
                               const float* weight, const float* bias, int64_t width,
                               double epsilon) {
  const float sum = SumLanes(width, [=](auto d, int64_t i, auto partial)
                                        HWY_ATTR { return hn::Add(partial, hn::LoadU(d, x + i)); });
  const float mean = sum / static_cast<float>(width);
  const float squares = SumLanes(width, [=](auto d, int64_t i, auto partial) HWY_ATTR {
    const auto difference = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
    return hn::MulAdd(difference, difference, partial);
  });
  const auto rstd = static_cast<float>(
      1.0 / std::sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
  ForLanes(width, [=](auto d, int64_t i) HWY_ATTR {
    const auto difference = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
    const auto normal = hn::Mul(difference, hn::Set(d, rstd));
    hn::StoreU(hn::MulAdd(normal, LoadOr(d, weight, i, 1), LoadOr(d, bias, i, 0)), d, out + i);
  });
  return {mean, rstd};
}

// With g = d_out · weight and y the normalised x: d_x += rstd · (g - mean(g) - y · mean(g · y)).
void LayerNormBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                          const float* HWY_RESTRICT x, const float* weight, RowMoments moments,
                          int64_t width) {
  const float m = moments.mean, s = moments.rstd;
  const float g_sum = SumLanes(width, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, d_out + i), LoadOr(d, weight, i, 1), sum);
  });
  const float gy_sum = SumLanes(width, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto g = hn::Mul(hn::LoadU(d, d_out + i), LoadOr(d, weight, i, 1));
    return hn::MulAdd(g, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, m)), sum);
  });
  const float g_mean = g_sum / static_cast<float>(width);
  const float pull = s * s * (gy_sum / static_cast<float>(width));
  ForLanes(width, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::MulSub(hn::LoadU(d, d_out + i), LoadOr(d, weight, i, 1), hn::Set(d, g_mean));
    const auto difference = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, m));
    const auto inner = hn::NegMulAdd(difference, hn::Set(d, pull), g);
    hn::StoreU(hn::MulAdd(inner, hn::Set(d, s), hn::LoadU(d, d_x + i)), d, d_x + i);
  });
}

// d_weight += Σ_rows d_out · y and d_bias += Σ_rows d_out over the columns [begin, end), row after
// row.
void LayerNormBackwardColumns(Tensor d_weight, Tensor d_bias, ConstTensor d_out, ConstTensor x,
                              const float* mean, const float* rstd, int64_t begin, int64_t end) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  float* HWY_RESTRICT weight_total = d_weight.floats() + begin;
  float* HWY_RESTRICT bias_total = d_bias.floats() + begin;
  const float* HWY_RESTRICT gradient = d_out.floats() + begin;
  const float* HWY_RESTRICT value = x.floats() + begin;
  ForLanes(end - begin, [=](auto d, int64_t i) HWY_ATTR {
    auto weight_sum = hn::Zero(d);
    auto bias_sum = hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) {
      const auto g = hn::LoadU(d, gradient + r * width + i);
      const auto difference = hn::Sub(hn::LoadU(d, value + r * width + i), hn::Set(d, mean[r]));
      weight_sum = hn::MulAdd(g, hn::Mul(difference, hn::Set(d, rstd[r])), weight_sum);
      bias_sum = hn::Add(bias_sum, g);
    }
    hn::StoreU(hn::Add(hn::LoadU(d, weight_total + i), weight_sum), d, weight_total + i);
    hn::StoreU(hn::Add(hn::LoadU(d, bias_total + i), bias_sum), d, bias_total + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(LayerNormForwardRow);
HWY_EXPORT(LayerNormBackwardRow);
HWY_EXPORT(LayerNormBackwardColumns);

void CpuBackend::DoLayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                                    ConstTensor weight, ConstTensor bias, double epsilon) {
  const int64_t width = x.dim(1);
  const float* const factors = weight.empty() ? nullptr : weight.floats();
  const float* const shifts = bias.empty() ? nullptr : bias.floats();
  pool_.ParallelRanges(x.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const RowMoments moments = HWY_DYNAMIC_DISPATCH(LayerNormForwardRow)(
          out.floats() + r * width, x.floats() + r * width, factors, shifts, width, epsilon);
      mean.floats()[r] = moments.mean;
      rstd.floats()[r] = moments.rstd;
    }
  });
}

void CpuBackend::DoLayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                                     ConstTensor x, ConstTensor weight, ConstTensor mean,
                                     ConstTensor rstd) {
  const int64_t width = x.dim(1);
  const float* const factors = weight.empty() ? nullptr : weight.floats();
  pool_.ParallelRanges(x.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      HWY_DYNAMIC_DISPATCH(LayerNormBackwardRow)
      (d_x.floats() + r * width, d_out.floats() + r * width, x.floats() + r * width, factors,
       {mean.floats()[r], rstd.floats()[r]}, width);
    }
  });
  if (weight.empty()) return;
  pool_.ParallelRanges(width, kColumnsOfTask, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(LayerNormBackwardColumns)
    (d_weight, d_bias, d_out, x, mean.floats(), rstd.floats(), begin, end);
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
