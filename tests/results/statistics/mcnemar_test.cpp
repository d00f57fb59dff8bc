#include "results/statistics/mcnemar.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

// Sums of binomial coefficients over 2ⁿ.
TEST(McNemar, IsTheExactBinomialTest) {
  EXPECT_NEAR(McNemarP(0, 5), 2.0 / 32, 1e-14);
  EXPECT_NEAR(McNemarP(5, 0), 2.0 / 32, 1e-14);
  EXPECT_NEAR(McNemarP(1, 5), 2.0 * 7 / 64, 1e-14);
  EXPECT_NEAR(McNemarP(2, 8), 2.0 * (1 + 10 + 45) / 1024, 1e-14);
}

TEST(McNemar, FindsNothingWhereNothingTellsThemApart) {
  EXPECT_EQ(McNemarP(0, 0), 1);
  EXPECT_NEAR(McNemarP(1, 0), 1, 1e-14);
  EXPECT_EQ(McNemarP(7, 7), 1);
}

TEST(McNemar, IsFiniteForManyQuestions) {
  EXPECT_GT(McNemarP(4'800, 5'200), 0);
  EXPECT_LT(McNemarP(4'800, 5'200), 1e-4);
}

}  // namespace
}  // namespace upcycle
