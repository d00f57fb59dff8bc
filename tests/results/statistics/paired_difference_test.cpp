#include "results/statistics/paired_difference.h"

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(PairedDifference, GivesScipysNumbers) {
  for (const GoldenJson& golden : GoldenCases("paired")) {
    const Numbers differences = golden.at("differences"), baseline(differences.size(), 0.0);
    const PairedDifference pairs = ComparePairs(differences, baseline, golden.at("level"));
    ExpectNineDigits(pairs.difference.mean, golden, "mean");
    ExpectNineDigits(pairs.difference.deviation, golden, "deviation");
    ExpectNineDigits(pairs.difference.half_width, golden, "half_width");
    ExpectNineDigits(pairs.t, golden, "t");
    ExpectNineDigits(pairs.p, golden, "p");
  }
}

// The data of Student's own paper: extra hours of sleep under two drugs.
TEST(PairedDifference, GivesStudentsSleepExample) {
  const double first[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const double second[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const PairedDifference pairs = ComparePairs(first, second, 0.95);
  EXPECT_NEAR(pairs.t, -4.062127683382037, 1e-9);
  EXPECT_NEAR(pairs.p, 0.002832890197384273, 1e-9);
  EXPECT_NEAR(pairs.difference.mean, -1.58, 1e-9);
  EXPECT_NEAR(pairs.difference.deviation, 1.2299954832798732, 1e-9);
  EXPECT_NEAR(pairs.difference.half_width, 0.8798857632769826, 1e-9);
}

TEST(PairedDifference, TakesDifferencesThatVaryByRoundingOnlyForConstant) {
  const double arm[] = {0.1 + 0.3, 0.2 + 0.3, 0.7 + 0.3};
  const double baseline[] = {0.1, 0.2, 0.7};
  ASSERT_NE(arm[0] - baseline[0], arm[1] - baseline[1]);
  const PairedDifference pairs = ComparePairs(arm, baseline, 0.95);
  EXPECT_EQ(pairs.spread, Spread::kConstant);
  EXPECT_TRUE(std::isnan(pairs.p));
}

TEST(PairedDifference, TakesASmallRealSpreadForASpread) {
  const double arm[] = {1.0, 1.0 + 1e-12, 1.0};
  const double baseline[] = {2.0, 2.0, 2.0};
  EXPECT_EQ(ComparePairs(arm, baseline, 0.95).spread, Spread::kPresent);
}

}  // namespace
}  // namespace upcycle
