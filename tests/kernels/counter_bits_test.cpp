#include "kernels/counter_bits.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr CounterKey kKey = {0x12345678, 0x9abcdef0};
constexpr int kCount = 200000;

// Bounds are five standard errors of each statistic of so many independent numbers.
TEST(CounterBits, UniformNumbersFillTheUnitInterval) {
  double sum = 0, squares = 0, least = 1, most = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double u = UniformOf(CounterBits(kKey, i));
    sum += u;
    squares += (u - 0.5) * (u - 0.5);
    least = std::fmin(least, u);
    most = std::fmax(most, u);
  }
  EXPECT_GT(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(squares / kCount, 1.0 / 12, 5 * std::sqrt(1.0 / 180 / kCount));
}

TEST(CounterBits, NormalNumbersHaveTheMomentsOfANormal) {
  double sum = 0, squares = 0, fourths = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double x = NormalOf(kKey, i);
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 * std::sqrt(1.0 / kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(fourths / kCount, 3, 5 * std::sqrt(96.0 / kCount));
}

TEST(CounterBits, NeighboursAndKeysShareNothing) {
  const CounterKey other = {0x12345679, 0x9abcdef0};
  double neighbours = 0, keys = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    neighbours += static_cast<double>(NormalOf(kKey, i)) * NormalOf(kKey, i + 1);
    keys += static_cast<double>(NormalOf(kKey, i)) * NormalOf(other, i);
  }
  EXPECT_NEAR(neighbours / kCount, 0, 5 * std::sqrt(1.0 / kCount));
  EXPECT_NEAR(keys / kCount, 0, 5 * std::sqrt(1.0 / kCount));
}

TEST(CounterBits, JitterStaysWithinItsAmplitude) {
  double least = 2, most = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    least = std::fmin(least, JitterOf(kKey, i, 0.25f));
    most = std::fmax(most, JitterOf(kKey, i, 0.25f));
  }
  EXPECT_GE(least, 0.75);
  EXPECT_LT(least, 0.751);
  EXPECT_LE(most, 1.25);
  EXPECT_GT(most, 1.249);
}

}  // namespace
}  // namespace upcycle
