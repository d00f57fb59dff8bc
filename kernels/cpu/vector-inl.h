// Loops and functions over vector lanes, compiled once for each instruction set (see simd.h).
//
// A lane function is called as f(d, i) with a Highway tag d and the index i of its first element,
// over whole vectors first and then over halves of halves for the tail, so that nothing is read or
// written outside [0, n). The order depends on n alone.
#if defined(UPCYCLE_KERNELS_CPU_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPCYCLE_KERNELS_CPU_VECTOR_INL_H_
#undef UPCYCLE_KERNELS_CPU_VECTOR_INL_H_
#else
#define UPCYCLE_KERNELS_CPU_VECTOR_INL_H_
#endif

#include <cmath>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

template <class D, class F>
HWY_INLINE void ForTail(D d, int64_t i, int64_t n, const F& f) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (i + lanes <= n) {
    f(d, i);
    i += lanes;
  }
  if constexpr (hn::MaxLanes(D()) > 1) ForTail(hn::Half<D>(), i, n, f);
}

// f(d, i) over [0, n).
template <class F>
HWY_INLINE void ForLanes(int64_t n, const F& f) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(d, i);
  if (i < n) ForTail(d, i, n, f);
}

// The sum over [0, n) of what f(d, i, sum) adds to the vector `sum`: in four interleaved partial
// sums, which hides the latency of an addition.
template <class F>
HWY_INLINE float SumLanes(int64_t n, const F& f) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = f(d, i, sum0);
    sum1 = f(d, i + lanes, sum1);
    sum2 = f(d, i + 2 * lanes, sum2);
    sum3 = f(d, i + 3 * lanes, sum3);
  }
  for (; i + lanes <= n; i += lanes) sum0 = f(d, i, sum0);
  const FloatVector sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  if (i < n) {
    ForTail(d, i, n, [&](auto tail, int64_t at) HWY_ATTR {
      total += hn::GetLane(hn::SumOfLanes(tail, f(tail, at, hn::Zero(tail))));
    });
  }
  return total;
}

// The largest of x [n]; a NaN among them may or may not be returned.
HWY_INLINE float LargestOf(const float* HWY_RESTRICT x, int64_t n) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector max0 = hn::Set(d, -HUGE_VALF), max1 = max0;
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    max0 = hn::Max(max0, hn::LoadU(d, x + i));
    max1 = hn::Max(max1, hn::LoadU(d, x + i + lanes));
  }
  for (; i + lanes <= n; i += lanes) max0 = hn::Max(max0, hn::LoadU(d, x + i));
  float max = hn::GetLane(hn::MaxOfLanes(d, hn::Max(max0, max1)));
  for (; i < n; ++i) max = x[i] > max ? x[i] : max;
  return max;
}

// exp(x) for x ≤ 0, within 2 units in the last place; below -87.3, where a float would lose bits,
// exactly 0; NaN stays NaN. x = k·ln 2 + r with |r| ≤ ln(2)/2, and exp(r) by its Taylor series to
// the seventh power, whose remainder is below a tenth of a unit.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOfNonPositive(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V k = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504f)));
  // ln 2 in two parts, the first with so few bits that k times it is exact.
  V r = hn::NegMulAdd(k, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::MulAdd(hn::Set(d, 1.0f / 5040), r, hn::Set(d, 1.0f / 720));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 120));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 24));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 6));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  p = hn::Add(p, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, k), hn::Set(di, 127)));
  const V scaled = hn::Mul(p, hn::BitCast(d, exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.3f)), scaled);
}

// The logistic function and its complement, 1 / (1 + exp(∓x)), both without cancellation.
template <class V>
struct SigmoidPair {
  V sigmoid;
  V complement;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE SigmoidPair<V> Sigmoid(D d, V x) {
  const V small = ExpOfNonPositive(d, hn::Neg(hn::Abs(x)));
  const V one = hn::Set(d, 1.0f);
  const V larger = hn::Div(one, hn::Add(one, small));
  const V smaller = hn::Mul(small, larger);
  const auto negative = hn::Lt(x, hn::Zero(d));
  return {hn::IfThenElse(negative, smaller, larger), hn::IfThenElse(negative, larger, smaller)};
}

// The standard normal distribution at x: Φ(x), within 3e-7, and the density φ(x).
template <class V>
struct NormalPair {
  V below;
  V density;
};

// The tail beyond |x| is φ(x) times a polynomial of 1 / (1 + p·|x|), and so without cancellation
// (Abramowitz and Stegun 1964, 26.2.17).
template <class D, class V = hn::Vec<D>>
HWY_INLINE NormalPair<V> Normal(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = ExpOfNonPositive(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f)));
  const V density = hn::Mul(e, hn::Set(d, 0.398942280f));
  const V t = hn::Div(one, hn::MulAdd(hn::Abs(x), hn::Set(d, 0.2316419f), one));
  V p = hn::MulAdd(hn::Set(d, 1.330274429f), t, hn::Set(d, -1.821255978f));
  p = hn::MulAdd(p, t, hn::Set(d, 1.781477937f));
  p = hn::MulAdd(p, t, hn::Set(d, -0.356563782f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.319381530f));
  const V tail = hn::Mul(density, hn::Mul(p, t));
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail)), density};
}

// x [n] becomes exp(x - max); the sum is returned.
HWY_INLINE float ExpShifted(float* HWY_RESTRICT x, int64_t n, float max) {
  return SumLanes(n, [x, max](auto d, int64_t i, auto sum) HWY_ATTR {
    const auto e = ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, max)));
    hn::StoreU(e, d, x + i);
    return hn::Add(sum, e);
  });
}

// out [n] += x [n].
HWY_INLINE void AddTo(float* HWY_RESTRICT out, const float* HWY_RESTRICT x, int64_t n) {
  ForLanes(n, [out, x](auto d, int64_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, out + i), hn::LoadU(d, x + i)), d, out + i);
  });
}

// x [n] *= factor.
HWY_INLINE void Scale(float* HWY_RESTRICT x, int64_t n, float factor) {
  ForLanes(n, [x, factor](auto d, int64_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)), d, x + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#endif
