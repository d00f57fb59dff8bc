// The accuracy of the vector functions, over all instruction sets.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/vector_math_test.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/instruction_sets.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void ExpAll(float* out, const float* x, int64_t n) {
  ForLanes(n, [=](auto d, int64_t i)
                  HWY_ATTR { hn::StoreU(ExpOfNonPositive(d, hn::LoadU(d, x + i)), d, out + i); });
}

void SigmoidAll(float* out, float* complement, const float* x, int64_t n) {
  ForLanes(n, [=](auto d, int64_t i) HWY_ATTR {
    const auto s = Sigmoid(d, hn::LoadU(d, x + i));
    hn::StoreU(s.sigmoid, d, out + i);
    hn::StoreU(s.complement, d, complement + i);
  });
}

void NormalAll(float* below, float* density, const float* x, int64_t n) {
  ForLanes(n, [=](auto d, int64_t i) HWY_ATTR {
    const auto normal = Normal(d, hn::LoadU(d, x + i));
    hn::StoreU(normal.below, d, below + i);
    hn::StoreU(normal.density, d, density + i);
  });
}

float SumAll(const float* x, int64_t n) {
  return SumLanes(
      n, [=](auto d, int64_t i, auto sum) HWY_ATTR { return hn::Add(sum, hn::LoadU(d, x + i)); });
}

float LargestOfAll(const float* x, int64_t n) { return LargestOf(x, n); }

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(ExpAll);
HWY_EXPORT(SigmoidAll);
HWY_EXPORT(NormalAll);
HWY_EXPORT(SumAll);
HWY_EXPORT(LargestOfAll);

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// The distance from `exact` in units of the last place of a float of its size.
double UnitsApart(float value, double exact) {
  const auto nearest = static_cast<float>(exact);
  const double unit = std::nextafter(std::fabs(nearest), kInfinity) - std::fabs(nearest);
  return std::fabs(value - exact) / unit;
}

TEST(VectorMath, ExpIsWithinTwoUnitsOnAllOfItsRange) {
  std::vector<float> x;
  for (int i = 0; i <= 400000; ++i) x.push_back(-87.3f * static_cast<float>(i) / 400000);
  for (float tiny = 1; tiny > 1e-30f; tiny *= 0.7f) x.push_back(-tiny);
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    std::vector<float> e(x.size());
    HWY_DYNAMIC_DISPATCH(ExpAll)(e.data(), x.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(UnitsApart(e[i], std::exp(static_cast<double>(x[i]))), 2) << "exp(" << x[i] << ")";
    }
  }
}

TEST(VectorMath, NormalDistributionIsWithinThreeTenMillionths) {
  std::vector<float> x;
  for (int i = -40000; i <= 40000; ++i) x.push_back(static_cast<float>(i) / 2000);
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    std::vector<float> below(x.size()), density(x.size());
    HWY_DYNAMIC_DISPATCH(NormalAll)
    (below.data(), density.data(), x.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const double exact = x[i];
      ASSERT_NEAR(below[i], 0.5 * std::erfc(-exact / std::sqrt(2)), 3e-7) << "at " << x[i];
      ASSERT_NEAR(density[i], std::exp(-exact * exact / 2) / std::sqrt(2 * std::acos(-1)), 1e-7)
          << "at " << x[i];
    }
  }
}

TEST(VectorMath, ExpEndsInZeroAndKeepsNaN) {
  const std::vector<float> x = {-87.4f, -100, -1e6f, -3e38f, -kInfinity, kNaN, 0, -0.0f};
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    std::vector<float> e(x.size());
    HWY_DYNAMIC_DISPATCH(ExpAll)(e.data(), x.data(), static_cast<int64_t>(x.size()));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(e[i], 0) << "exp(" << x[i] << ")";
    EXPECT_TRUE(std::isnan(e[5]));
    EXPECT_EQ(e[6], 1);
    EXPECT_EQ(e[7], 1);
  }
}

TEST(VectorMath, SigmoidAndItsComplementAreWithinFourUnits) {
  std::vector<float> x;
  for (int i = -20000; i <= 20000; ++i) x.push_back(static_cast<float>(i) * 0.004f);
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    std::vector<float> s(x.size()), c(x.size());
    HWY_DYNAMIC_DISPATCH(SigmoidAll)
    (s.data(), c.data(), x.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const auto exact = static_cast<double>(x[i]);
      ASSERT_LE(UnitsApart(s[i], 1 / (1 + std::exp(-exact))), 4) << "sigmoid(" << x[i] << ")";
      ASSERT_LE(UnitsApart(c[i], 1 / (1 + std::exp(exact))), 4) << "complement(" << x[i] << ")";
    }
  }
}

TEST(VectorMath, ReductionsCoverEveryLengthAndReadNothingBeyond) {
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    for (int64_t n = 0; n < 150; ++n) {
      std::vector<float> x(static_cast<size_t>(n) + 1, kNaN);
      for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = static_cast<float>(i + 1);
      EXPECT_EQ(HWY_DYNAMIC_DISPATCH(SumAll)(x.data(), n), static_cast<float>(n * (n + 1) / 2));
      EXPECT_EQ(HWY_DYNAMIC_DISPATCH(LargestOfAll)(x.data(), n),
                n == 0 ? -kInfinity : static_cast<float>(n));
    }
  }
}

}  // namespace
}  // namespace upcycle
#endif  // HWY_ONCE
