// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// One row: x is [gate | up], out is row_weight · gate · sigmoid(gate) · up.
void SwiGluForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x, float row_weight,
                      int64_t hidden) {
  ForLanes(hidden, [=](auto d, int64_t i) HWY_ATTR {
    const auto gate = hn::LoadU(d, x + i);
    const auto silu = hn::Mul(gate, Sigmoid(d, gate).sigmoid);
    const auto up = hn::Mul(hn::LoadU(d, x + hidden + i), hn::Set(d, row_weight));
    hn::StoreU(hn::Mul(silu, up), d, out + i);
  });
}

// d_x of one row; returns Σ d_out · activation(x).
float SwiGluBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                        const float* HWY_RESTRICT x, float row_weight, int64_t hidden) {
  return SumLanes(hidden, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto gate = hn::LoadU(d, x + i);
    const auto up = hn::LoadU(d, x + hidden + i);
    const auto d_row = hn::LoadU(d, d_out + i);
    const auto d_activation = hn::Mul(d_row, hn::Set(d, row_weight));
    const auto s = Sigmoid(d, gate);
    const auto silu = hn::Mul(gate, s.sigmoid);
    // (gate · sigmoid)' = sigmoid + gate · sigmoid · (1 - sigmoid)
    const auto slope = hn::MulAdd(silu, s.complement, s.sigmoid);
    hn::StoreU(hn::Mul(hn::Mul(d_activation, up), slope), d, d_x + i);
    hn::StoreU(hn::Mul(d_activation, silu), d, d_x + hidden + i);
    return hn::MulAdd(hn::Mul(d_row, silu), up, sum);
  });
}

// max(x, 0), where NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Relu(D d, V x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
}

void SquaredReluForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x, float row_weight,
                           int64_t hidden) {
  ForLanes(hidden, [=](auto d, int64_t i) HWY_ATTR {
    const auto positive = Relu(d, hn::LoadU(d, x + i));
    const auto square = hn::Mul(positive, positive);
    hn::StoreU(hn::Mul(square, hn::Set(d, row_weight)), d, out + i);
  });
}

float SquaredReluBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                             const float* HWY_RESTRICT x, float row_weight, int64_t hidden) {
  return SumLanes(hidden, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto positive = Relu(d, hn::LoadU(d, x + i));
    const auto d_row = hn::LoadU(d, d_out + i);
    const auto slope = hn::Mul(positive, hn::Set(d, 2 * row_weight));
    hn::StoreU(hn::Mul(d_row, slope), d, d_x + i);
    return hn::MulAdd(d_row, hn::Mul(positive, positive), sum);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(SwiGluForwardRow);
HWY_EXPORT(SwiGluBackwardRow);
HWY_EXPORT(SquaredReluForwardRow);
HWY_EXPORT(SquaredReluBackwardRow);

void CpuBackend::DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                     Activation activation) {
  const int64_t hidden = out.dim(1), inputs = x.dim(1);
  auto* const row_body = activation == Activation::kSwiGlu
                             ? HWY_DYNAMIC_DISPATCH(SwiGluForwardRow)
                             : HWY_DYNAMIC_DISPATCH(SquaredReluForwardRow);
  pool_.ParallelRanges(out.dim(0), RowsOfTask(inputs), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      row_body(out.floats() + r * hidden, x.floats() + r * inputs,
               row_weight.empty() ? 1.0f : row_weight.floats()[r], hidden);
    }
  });
}

void CpuBackend::DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                                      ConstTensor x, ConstTensor row_weight,
                                      Activation activation) {
  const int64_t hidden = d_out.dim(1), inputs = x.dim(1);
  auto* const row_body = activation == Activation::kSwiGlu
                             ? HWY_DYNAMIC_DISPATCH(SwiGluBackwardRow)
                             : HWY_DYNAMIC_DISPATCH(SquaredReluBackwardRow);
  pool_.ParallelRanges(d_out.dim(0), RowsOfTask(inputs), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float dot =
          row_body(d_x.floats() + r * inputs, d_out.floats() + r * hidden, x.floats() + r * inputs,
                   row_weight.empty() ? 1.0f : row_weight.floats()[r], hidden);
      if (!d_row_weight.empty()) d_row_weight.floats()[r] = dot;
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
