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

// A curve and its slope at x.
template <class V>
struct Point {
  V value;
  V slope;
};

struct Silu {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V x) {
    return hn::Mul(x, Sigmoid(d, x).sigmoid);
  }
  // (x · sigmoid)' = sigmoid + x · sigmoid · (1 - sigmoid)
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Point<V> At(D d, V x) {
    const auto s = Sigmoid(d, x);
    const V value = hn::Mul(x, s.sigmoid);
    return {value, hn::MulAdd(value, s.complement, s.sigmoid)};
  }
};

struct SquaredRelu {
  // max(x, 0), where NaN stays NaN.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Positive(D d, V x) {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V x) {
    const V positive = Positive(d, x);
    return hn::Mul(positive, positive);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Point<V> At(D d, V x) {
    const V positive = Positive(d, x);
    return {hn::Mul(positive, positive), hn::Add(positive, positive)};
  }
};

struct Gelu {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V x) {
    return hn::Mul(x, Normal(d, x).below);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Point<V> At(D d, V x) {
    const auto normal = Normal(d, x);
    return {hn::Mul(x, normal.below), hn::MulAdd(x, normal.density, normal.below)};
  }
};

// x · sigmoid(2u) with u = √(2/π) · (x + 0.044715·x³), as (1 + tanh(u)) / 2 = sigmoid(2u).
struct GeluTanh {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V TwiceU(D d, V x) {
    const V cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(d, 0.0713548163f), hn::Set(d, 1.59576912f));
    return hn::Mul(x, cubic);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V x) {
    return hn::Mul(x, Sigmoid(d, TwiceU(d, x)).sigmoid);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE Point<V> At(D d, V x) {
    const auto s = Sigmoid(d, TwiceU(d, x));
    const V value = hn::Mul(x, s.sigmoid);
    const V inner = hn::MulAdd(hn::Mul(x, x), hn::Set(d, 0.214064449f), hn::Set(d, 1.59576912f));
    return {value, hn::MulAdd(hn::Mul(value, s.complement), inner, s.sigmoid)};
  }
};

// One row: x is [gate | up], out is row_weight · curve(gate) · up.
template <class Curve>
void GatedForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x, float row_weight,
                     int64_t hidden) {
  ForLanes(hidden, [=](auto d, int64_t i) HWY_ATTR {
    const auto value = Curve::Value(d, hn::LoadU(d, x + i));
    const auto up = hn::Mul(hn::LoadU(d, x + hidden + i), hn::Set(d, row_weight));
    hn::StoreU(hn::Mul(value, up), d, out + i);
  });
}

// d_x of one row; returns Σ d_out · activation(x).
template <class Curve>
float GatedBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                       const float* HWY_RESTRICT x, float row_weight, int64_t hidden) {
  return SumLanes(hidden, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto up = hn::LoadU(d, x + hidden + i);
    const auto d_row = hn::LoadU(d, d_out + i);
    const auto d_activation = hn::Mul(d_row, hn::Set(d, row_weight));
    const auto at = Curve::At(d, hn::LoadU(d, x + i));
    hn::StoreU(hn::Mul(hn::Mul(d_activation, up), at.slope), d, d_x + i);
    hn::StoreU(hn::Mul(d_activation, at.value), d, d_x + hidden + i);
    return hn::MulAdd(hn::Mul(d_row, at.value), up, sum);
  });
}

template <class Curve>
void PlainForwardRow(float* HWY_RESTRICT out, const float* HWY_RESTRICT x, float row_weight,
                     int64_t hidden) {
  ForLanes(hidden, [=](auto d, int64_t i) HWY_ATTR {
    const auto value = Curve::Value(d, hn::LoadU(d, x + i));
    hn::StoreU(hn::Mul(value, hn::Set(d, row_weight)), d, out + i);
  });
}

template <class Curve>
float PlainBackwardRow(float* HWY_RESTRICT d_x, const float* HWY_RESTRICT d_out,
                       const float* HWY_RESTRICT x, float row_weight, int64_t hidden) {
  return SumLanes(hidden, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto d_row = hn::LoadU(d, d_out + i);
    const auto at = Curve::At(d, hn::LoadU(d, x + i));
    hn::StoreU(hn::Mul(d_row, hn::Mul(at.slope, hn::Set(d, row_weight))), d, d_x + i);
    return hn::MulAdd(d_row, at.value, sum);
  });
}

void ForwardRow(Activation activation, float* out, const float* x, float row_weight,
                int64_t hidden) {
  switch (activation) {
    case Activation::kSwiGlu:
      return GatedForwardRow<Silu>(out, x, row_weight, hidden);
    case Activation::kGeGlu:
      return GatedForwardRow<GeluTanh>(out, x, row_weight, hidden);
    case Activation::kSquaredRelu:
      return PlainForwardRow<SquaredRelu>(out, x, row_weight, hidden);
    case Activation::kGelu:
      return PlainForwardRow<Gelu>(out, x, row_weight, hidden);
    case Activation::kGeluTanh:
      return PlainForwardRow<GeluTanh>(out, x, row_weight, hidden);
  }
}

float BackwardRow(Activation activation, float* d_x, const float* d_out, const float* x,
                  float row_weight, int64_t hidden) {
  switch (activation) {
    case Activation::kSwiGlu:
      return GatedBackwardRow<Silu>(d_x, d_out, x, row_weight, hidden);
    case Activation::kGeGlu:
      return GatedBackwardRow<GeluTanh>(d_x, d_out, x, row_weight, hidden);
    case Activation::kSquaredRelu:
      return PlainBackwardRow<SquaredRelu>(d_x, d_out, x, row_weight, hidden);
    case Activation::kGelu:
      return PlainBackwardRow<Gelu>(d_x, d_out, x, row_weight, hidden);
    case Activation::kGeluTanh:
      return PlainBackwardRow<GeluTanh>(d_x, d_out, x, row_weight, hidden);
  }
  return 0;
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(ForwardRow);
HWY_EXPORT(BackwardRow);

void CpuBackend::DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                     Activation activation) {
  const int64_t hidden = out.dim(1), inputs = x.dim(1);
  pool_.ParallelRanges(out.dim(0), RowsOfTask(inputs), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      HWY_DYNAMIC_DISPATCH(ForwardRow)
      (activation, out.floats() + r * hidden, x.floats() + r * inputs,
       row_weight.empty() ? 1.0f : row_weight.floats()[r], hidden);
    }
  });
}

void CpuBackend::DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                                      ConstTensor x, ConstTensor row_weight,
                                      Activation activation) {
  const int64_t hidden = d_out.dim(1), inputs = x.dim(1);
  pool_.ParallelRanges(d_out.dim(0), RowsOfTask(inputs), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float dot = HWY_DYNAMIC_DISPATCH(BackwardRow)(
          activation, d_x.floats() + r * inputs, d_out.floats() + r * hidden,
          x.floats() + r * inputs, row_weight.empty() ? 1.0f : row_weight.floats()[r], hidden);
      if (!d_row_weight.empty()) d_row_weight.floats()[r] = dot;
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
