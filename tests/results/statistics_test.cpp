// Golden numbers are SciPy 1.17's and statsmodels 0.15's.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "results/statistics/holm.h"
#include "results/statistics/paired_difference.h"
#include "results/statistics/student.h"
#include "results/statistics/summary.h"
#include "results/statistics/verdict.h"

namespace upcycle {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

TEST(Student, QuantilesAreScipys) {
  EXPECT_NEAR(StudentQuantile(0.975, 2), 4.302652729749462, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 5), 2.5705818356363146, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.995, 9), 3.249835541592126, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.95, 1), 6.313751514675037, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.025, 3), -3.1824463052837086, 1e-9);
}

TEST(Student, TwoSidedProbabilitiesAreScipys) {
  EXPECT_NEAR(StudentTwoSidedP(2.5, 5), 0.05449009934237626, 1e-9);
  EXPECT_NEAR(StudentTwoSidedP(-4.302652729911275, 2), 0.04999999999651663, 1e-9);
  EXPECT_NEAR(StudentTwoSidedP(30, 4), 7.352856097661319e-06, 1e-15);
  EXPECT_EQ(StudentTwoSidedP(0, 7), 1);
}

TEST(Student, KeepsItsDigitsFarInTheTail) {
  EXPECT_NEAR(StudentTwoSidedP(1e4, 9) / 5.091792199508464e-33, 1, 1e-9);
}

TEST(Summary, GivesMeanDeviationAndTheTInterval) {
  const double values[] = {3.214, 3.198, 3.241, 3.207, 3.222};
  const Summary summary = Summarize(values, 0.95);
  EXPECT_EQ(summary.count, 5);
  EXPECT_NEAR(summary.mean, 3.2164, 1e-9);
  EXPECT_NEAR(summary.deviation, 0.01634931191212653, 1e-9);
  EXPECT_NEAR(summary.half_width, 0.020300351996691557, 1e-9);
  EXPECT_NEAR(Summarize(values, 0.99).half_width, 0.03366345919809133, 1e-9);
}

TEST(Summary, KeepsASmallSpreadUnderALargeMean) {
  const double values[] = {1e8 + 1, 1e8 + 2, 1e8 + 4};
  EXPECT_NEAR(Summarize(values, 0.95).deviation, 1.5275252316519465, 1e-7);
}

TEST(Summary, HasNoIntervalForOneValueAndNoMeanForNone) {
  const double values[] = {2.5};
  const Summary one = Summarize(values, 0.95);
  EXPECT_EQ(one.mean, 2.5);
  EXPECT_TRUE(std::isnan(one.deviation));
  EXPECT_TRUE(std::isnan(one.half_width));
  EXPECT_TRUE(std::isnan(Summarize({}, 0.95).mean));
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

TEST(PairedDifference, GivesScipysNumbersForSixSeeds) {
  const double arm[] = {3.10, 3.05, 3.20, 3.15, 3.08, 3.12};
  const double baseline[] = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
  const PairedDifference pairs = ComparePairs(arm, baseline, 0.95);
  EXPECT_NEAR(pairs.t, -5.12713893395415, 1e-9);
  EXPECT_NEAR(pairs.p, 0.0036849342330343205, 1e-9);
  EXPECT_NEAR(pairs.difference.half_width, 0.029246448947530316, 1e-9);
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

void ExpectHolm(const std::vector<double>& p, const std::vector<double>& adjusted) {
  const std::vector<double> result = HolmAdjusted(p);
  ASSERT_EQ(result.size(), adjusted.size());
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(result[i], adjusted[i], 1e-12) << i;
}

TEST(Holm, AdjustsAsStatsmodelsDoes) {
  ExpectHolm({0.01, 0.04, 0.03, 0.005}, {0.03, 0.06, 0.06, 0.02});
  ExpectHolm({0.001, 0.2, 0.02, 0.02, 0.9}, {0.005, 0.4, 0.08, 0.08, 0.9});
}

TEST(Holm, NeverExceedsOne) { ExpectHolm({0.5, 0.6, 0.7}, {1, 1, 1}); }

TEST(Holm, LeavesASingleTestAsItIs) { ExpectHolm({0.03}, {0.03}); }

TEST(Holm, CountsATestWithoutAValueAsIfItsPWereOne) {
  const std::vector<double> with_one = HolmAdjusted(std::vector<double>{0.01, 1.0, 0.02});
  const std::vector<double> without = HolmAdjusted(std::vector<double>{0.01, kMissing, 0.02});
  EXPECT_EQ(without[0], with_one[0]);
  EXPECT_EQ(without[2], with_one[2]);
  EXPECT_TRUE(std::isnan(without[1]));
}

TEST(SmallestExactP, IsTwoOverTwoToTheN) {
  EXPECT_EQ(SmallestExactP(3), 0.25);
  EXPECT_EQ(SmallestExactP(6), 0.03125);
  EXPECT_EQ(SmallestExactP(0), 1);
}

Judgement JudgeOne(const PairedValues& values, const VerdictRules& rules = {}) {
  return Judge(std::vector<PairedValues>{values}, rules)[0];
}

const PairedValues kLower = {{3.10, 3.05, 3.20, 3.15, 3.08, 3.12},
                             {3.16, 3.13, 3.22, 3.24, 3.15, 3.15}};

TEST(Verdict, IsBetterWhereLowerIsBetterAndTheArmIsLower) {
  EXPECT_EQ(JudgeOne(kLower).verdict, Verdict::kBetter);
  EXPECT_EQ(JudgeOne(kLower).reason, "");
}

TEST(Verdict, IsWorseWhereHigherIsBetterAndTheArmIsLower) {
  EXPECT_EQ(JudgeOne(kLower, {.preference = Preference::kHigher}).verdict, Verdict::kWorse);
}

TEST(Verdict, IsInconclusiveAboveTheLevel) {
  const Judgement judgement = JudgeOne({{1.0, 2.0, 3.0}, {1.1, 1.8, 3.3}});
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason, "adjusted p = 0.69 is above 0.05");
}

TEST(Verdict, IsWeakenedByTheOtherTestsOfTheTable) {
  const PairedValues noise = {{1.0, 2.0, 3.0}, {1.1, 1.8, 3.3}};
  const std::vector<PairedValues> family(14, noise);
  std::vector<PairedValues> with_ours = family;
  with_ours.push_back(kLower);
  const Judgement judgement = Judge(with_ours, {}).back();
  EXPECT_NEAR(judgement.pairs.p, 0.0036849342330343205, 1e-9);
  EXPECT_NEAR(judgement.adjusted_p, 15 * 0.0036849342330343205, 1e-9);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
}

TEST(Verdict, IsRefusedForOnePair) {
  const Judgement judgement = JudgeOne({{1.0}, {2.0}});
  EXPECT_EQ(judgement.verdict, Verdict::kUndecidable);
  EXPECT_EQ(judgement.reason, "a test needs at least 2 paired seeds, and there is 1");
}

TEST(Verdict, IsRefusedWithoutPairs) {
  EXPECT_EQ(JudgeOne({}).reason, "a test needs at least 2 paired seeds, and there are 0");
}

TEST(Verdict, IsIdenticalWhereEveryDifferenceIsZero) {
  const Judgement judgement = JudgeOne({{1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}});
  EXPECT_EQ(judgement.verdict, Verdict::kIdentical);
  EXPECT_EQ(judgement.reason, "all 3 differences are 0");
}

TEST(Verdict, IsRefusedWhereDifferencesHaveNoSpread) {
  const Judgement judgement = JudgeOne({{1.5, 2.5, 3.5}, {1.0, 2.0, 3.0}});
  EXPECT_EQ(judgement.verdict, Verdict::kUndecidable);
  EXPECT_EQ(judgement.reason, "all 3 differences are the same: without spread there is no test");
  EXPECT_TRUE(std::isnan(judgement.adjusted_p));
}

TEST(Verdict, IsRefusedOnIncompletePairs) {
  PairedValues values = kLower;
  values.arm[2] = kMissing;
  values.baseline[4] = std::numeric_limits<double>::infinity();
  const Judgement judgement = JudgeOne(values);
  EXPECT_EQ(judgement.verdict, Verdict::kIncomplete);
  EXPECT_EQ(judgement.reason, "2 of 6 paired seeds have no result");
  EXPECT_TRUE(std::isnan(judgement.adjusted_p));
}

TEST(Verdict, RestsOnTheCompletePairsWhereThatWasAskedFor) {
  PairedValues values = kLower;
  values.arm.push_back(kMissing);
  values.baseline.push_back(3.0);
  const Judgement judgement = JudgeOne(values, {.allow_incomplete = true});
  EXPECT_EQ(judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(judgement.missing, 1);
  EXPECT_NEAR(judgement.pairs.p, 0.0036849342330343205, 1e-9);
}

}  // namespace
}  // namespace upcycle
