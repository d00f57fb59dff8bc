#include "results/statistics/equivalence.h"

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Equivalence, GivesStatsmodelsTwoOneSidedTests) {
  for (const GoldenJson& golden : GoldenCases("paired")) {
    const Numbers differences = golden.at("differences"), baseline(differences.size(), 0.0);
    const Equivalence test = TestEquivalence(ComparePairs(differences, baseline, 0.95),
                                             golden.at("margin").get<double>());
    ExpectNineDigits(test.p, golden, "tost");
    ExpectNineDigits(test.p_above_low, golden, "tost_low");
    ExpectNineDigits(test.p_below_high, golden, "tost_high");
  }
}

TEST(Equivalence, HoldsExactlyWhereTheNarrowerIntervalLiesWithin) {
  const Numbers differences = {0.01, -0.02, 0.015, 0.003, -0.004}, zero(5, 0.0);
  const PairedDifference pairs = ComparePairs(differences, zero, 0.90);
  const double reach = std::fabs(pairs.difference.mean) + pairs.difference.half_width;
  EXPECT_LT(TestEquivalence(pairs, reach * 1.001).p, 0.05);
  EXPECT_GT(TestEquivalence(pairs, reach * 0.999).p, 0.05);
}

TEST(Equivalence, IsNotTestedWithoutSpread) {
  const PairedDifference same = ComparePairs(Numbers{1, 2, 3}, Numbers{1, 2, 3}, 0.95);
  EXPECT_TRUE(std::isnan(TestEquivalence(same, 0.1).p));
}

TEST(Alike, WithinEqualBoundsIsEquivalence) {
  const Numbers differences = {0.01, -0.02, 0.015, 0.003, -0.004}, zero(5, 0.0);
  const PairedDifference pairs = ComparePairs(differences, zero, 0.95);
  EXPECT_EQ(TestAlike(pairs, {-0.01, 0.01}).p_within, TestEquivalence(pairs, 0.01).p);
}

TEST(Alike, OutsideOfNothingIsTheTTest) {
  const Numbers differences = {0.01, -0.02, 0.015, 0.003, -0.004}, zero(5, 0.0);
  const PairedDifference pairs = ComparePairs(differences, zero, 0.95);
  EXPECT_NEAR(TestAlike(pairs, {0, 0}).p_outside, pairs.p, 1e-14);
}

TEST(Alike, TellsOneSideByTwoClaimsOfWhichOneIsTrue) {
  const Numbers differences = {0.01, -0.02, 0.015, 0.003, -0.004}, zero(5, 0.0);
  const PairedDifference pairs = ComparePairs(differences, zero, 0.95);
  const double infinite = std::numeric_limits<double>::infinity();
  for (const AlikeBounds& bounds : {AlikeBounds{-infinite, 0.004}, AlikeBounds{-0.004, infinite}}) {
    const Alike alike = TestAlike(pairs, bounds);
    EXPECT_NEAR(alike.p_within + alike.p_outside, 1, 1e-14);
  }
}

TEST(Alike, IsNotTestedWithoutSpread) {
  const PairedDifference same = ComparePairs(Numbers{1, 2, 3}, Numbers{1, 2, 3}, 0.95);
  EXPECT_TRUE(std::isnan(TestAlike(same, {-1, 1}).p_within));
  EXPECT_TRUE(std::isnan(TestAlike(same, {-1, 1}).p_outside));
}

}  // namespace
}  // namespace upcycle
