#include "results/statistics/factorial.h"

#include <limits>

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Factorial, GivesScipysContrastsAndStatsmodelsSumsOfSquares) {
  const GoldenJson golden = GoldenCases("factorial");
  const FactorialAnalysis analysis =
      AnalyseGrid({.levels = golden.at("levels"), .values = golden.at("values")}, 0.95);
  const GoldenJson& contrasts = golden.at("contrasts");
  ASSERT_EQ(analysis.contrasts.size(), contrasts.size());
  for (size_t i = 0; i < contrasts.size(); ++i) {
    const FactorialContrast& ours = analysis.contrasts[i];
    for (size_t k = 0; k < ours.of.size(); ++k) {
      EXPECT_EQ(ours.of[k].factor, contrasts[i].at("factors").at(k));
      EXPECT_EQ(ours.of[k].level, contrasts[i].at("against").at(k));
    }
    ExpectNineDigits(ours.effect.pairs.difference.mean, contrasts[i], "mean");
    ExpectNineDigits(ours.effect.pairs.t, contrasts[i], "t");
    ExpectNineDigits(ours.effect.pairs.p, contrasts[i], "p");
    ExpectNineDigits(ours.effect.adjusted_p, contrasts[i], "adjusted_p");
  }
  const Numbers shares = golden.at("shares");
  ASSERT_EQ(analysis.terms.size(), shares.size());
  for (size_t i = 0; i < shares.size(); ++i) {
    ExpectNineDigits(analysis.terms[i].share, shares[i], "share");
  }
}

// Factor 0 lowers by 1, factor 1 by 2, both together by 1 more; three seeds that differ a little.
const FactorialGrid kTwoByTwo = {
    .levels = {2, 2},
    .values = {{5, 3, 4, 1}, {6.1, 4, 5, 2.1}, {4, 2.1, 3.1, 0}},
};

TEST(Factorial, OfTwoLevelsAreDifferencesAndTheDifferenceOfDifferences) {
  const FactorialAnalysis analysis = AnalyseGrid(kTwoByTwo, 0.95);
  ASSERT_EQ(analysis.contrasts.size(), 3u);
  EXPECT_NEAR(analysis.contrasts[0].effect.pairs.difference.mean, -1.5, 0.05);
  EXPECT_NEAR(analysis.contrasts[1].effect.pairs.difference.mean, -2.5, 0.05);
  EXPECT_NEAR(analysis.contrasts[2].effect.pairs.difference.mean, -1, 0.05);
  double shares = 0;
  for (const FactorialTerm& term : analysis.terms) shares += term.share;
  EXPECT_NEAR(shares, 1, 1e-12);
}

TEST(Factorial, RefusesItsTestsWhereACellIsMissing) {
  FactorialGrid grid = kTwoByTwo;
  grid.values[1][2] = std::numeric_limits<double>::quiet_NaN();
  for (const FactorialContrast& contrast : AnalyseGrid(grid, 0.95).contrasts) {
    EXPECT_EQ(contrast.effect.missing, 1);
    EXPECT_EQ(contrast.effect.pairs.difference.count, 2);
    EXPECT_TRUE(std::isnan(contrast.effect.adjusted_p));
  }
}

TEST(Factorial, HasNoShareWhereCellsDoNotVary) {
  const FactorialGrid grid = {.levels = {2}, .values = {{1, 1}, {2, 2}}};
  const FactorialAnalysis analysis = AnalyseGrid(grid, 0.95);
  EXPECT_TRUE(std::isnan(analysis.terms[0].share));
  EXPECT_EQ(analysis.contrasts[0].effect.pairs.spread, Spread::kAllZero);
}

}  // namespace
}  // namespace upcycle
