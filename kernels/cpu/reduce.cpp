// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reduce.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <cmath>

#include "kernels/cpu/cpu_backend.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// Σ f(x[i]) in double, where f(d, v, sum) adds to a vector of doubles.
template <class F>
HWY_INLINE double SumInDouble(const float* HWY_RESTRICT x, int64_t n, const F& f) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> narrow;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum0 = hn::Zero(d), sum1 = sum0;
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum0 = f(hn::PromoteTo(d, hn::LoadU(narrow, x + i)), sum0);
    sum1 = f(hn::PromoteTo(d, hn::LoadU(narrow, x + i + lanes)), sum1);
  }
  const hn::CappedTag<double, 1> one;
  auto tail = hn::Zero(one);
  for (; i < n; ++i) tail = f(hn::Set(one, static_cast<double>(x[i])), tail);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1))) + hn::GetLane(tail);
}

double SumPiece(const float* x, int64_t n) {
  return SumInDouble(x, n, [](auto v, auto sum) HWY_ATTR { return hn::Add(sum, v); });
}

double SumOfSquaresPiece(const float* x, int64_t n) {
  return SumInDouble(x, n, [](auto v, auto sum) HWY_ATTR { return hn::MulAdd(v, v, sum); });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

constexpr int64_t kSmallestPiece = 1 << 14;

}  // namespace

HWY_EXPORT(SumPiece);
HWY_EXPORT(SumOfSquaresPiece);

void CpuBackend::DoSum(Tensor total, ConstTensor x) {
  total.floats()[0] =
      static_cast<float>(SumPieces(x.size(), kSmallestPiece, [&](int64_t begin, int64_t end) {
        return HWY_DYNAMIC_DISPATCH(SumPiece)(x.floats() + begin, end - begin);
      }));
}

void CpuBackend::DoGradientNorm(Tensor norm, ConstTensor gradient) {
  const double squares =
      SumPieces(gradient.size(), kSmallestPiece, [&](int64_t begin, int64_t end) {
        return HWY_DYNAMIC_DISPATCH(SumOfSquaresPiece)(gradient.floats() + begin, end - begin);
      });
  norm.floats()[0] = static_cast<float>(std::sqrt(squares));
}

void CpuBackend::DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) {
  const double squares =
      SumPieces(log_sum_exp.size(), kSmallestPiece, [&](int64_t begin, int64_t end) {
        return HWY_DYNAMIC_DISPATCH(SumOfSquaresPiece)(log_sum_exp.floats() + begin, end - begin);
      });
  loss.floats()[0] = static_cast<float>(factor * squares);
}

}  // namespace upcycle
#endif  // HWY_ONCE
