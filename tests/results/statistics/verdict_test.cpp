#include "results/statistics/verdict.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

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
