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

}  // namespace
}  // namespace upcycle
