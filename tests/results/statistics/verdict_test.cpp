#include "results/statistics/verdict.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

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

TEST(Verdict, SaysEnoughDigitsOfPToBeAboveTheLevel) {
  // Of two differences 1 ± e, p is 2/π · atan(e).
  const double e = std::tan(0.0502 * 3.14159265358979 / 2);
  const Judgement judgement = JudgeOne({{1 + e, 1 - e}, {0, 0}});
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason, "adjusted p = 0.0502 is above 0.05");
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

TEST(Verdict, IsEquivalentWhereTheDifferenceIsShownToLieWithinTheMargin) {
  const PairedValues near = {{1.001, 2.0, 3.002}, {1.0, 2.001, 3.0}};
  const Judgement judgement = JudgeOne(near, {.margin = 0.01});
  EXPECT_EQ(judgement.verdict, Verdict::kEquivalent);
  EXPECT_EQ(judgement.reason, "it lies within ±0.01: adjusted p = 0.0044");
  EXPECT_TRUE(std::isnan(JudgeOne(near).adjusted_equivalence_p));
}

TEST(Verdict, IsEquivalentAlsoWhereADifferenceIsShownThatDoesNotMatter) {
  const Judgement judgement = JudgeOne(kLower, {.margin = 0.5});
  EXPECT_LT(judgement.adjusted_p, 0.05);
  EXPECT_EQ(judgement.verdict, Verdict::kEquivalent);
  EXPECT_EQ(judgement.reason, "there is a difference, and it lies within ±0.5");
}

TEST(Verdict, IsInconclusiveWhereNeitherDifferenceNorEquivalenceIsShown) {
  const Judgement judgement = JudgeOne({{1.0, 2.0, 3.0}, {1.1, 1.8, 3.3}}, {.margin = 0.1});
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason,
            "adjusted p = 0.69 is above 0.05, and so is 0.42, that of lying within ±0.1");
}

TEST(Verdict, OfEquivalenceIsWeakenedByTheOtherTestsOfTheTable) {
  const PairedValues near = {{1.001, 2.0, 3.002}, {1.0, 2.001, 3.0}};
  const PairedValues noise = {{1.0, 2.0, 3.0}, {1.1, 1.8, 3.3}};
  std::vector<PairedValues> family(14, noise);
  family.push_back(near);
  const Judgement judgement = Judge(family, {.margin = 0.01}).back();
  EXPECT_NEAR(judgement.adjusted_equivalence_p,
              15 * JudgeOne(near, {.margin = 0.01}).adjusted_equivalence_p, 1e-12);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
}

TEST(Verdict, IsUndecidableBeforeTheFirstLookOfAPlan) {
  const Judgement judgement = JudgeOne({{1.0, 2.0}, {1.5, 2.6}}, {.looks = SequentialPlan{}});
  EXPECT_EQ(judgement.verdict, Verdict::kUndecidable);
  EXPECT_EQ(judgement.reason, "the first look is at 3 paired seeds, and there are 2");
}

TEST(Verdict, IsUndecidableBeyondTheLastLookOfAPlan) {
  const SequentialPlan plan = {.first = 3, .most = 5};
  const Judgement judgement = JudgeOne(kLower, {.looks = plan});
  EXPECT_EQ(judgement.verdict, Verdict::kUndecidable);
  EXPECT_EQ(judgement.reason,
            "seeds were planned to end at 5, and there are 6: a test that stops when it is decided "
            "holds only for the number it was planned with");
}

TEST(Verdict, OfAPlanIsSequentialAndItsIntervalTheRepeatedOne) {
  const SequentialPlan plan = {.first = 3, .most = 6};
  const Judgement once = JudgeOne(kLower), sequential = JudgeOne(kLower, {.looks = plan});
  SequentialTable table;
  EXPECT_EQ(sequential.verdict, Verdict::kBetter);
  EXPECT_GT(sequential.adjusted_p, once.adjusted_p);
  EXPECT_NEAR(sequential.pairs.difference.half_width,
              SequentialBoundary(plan, Sides::kTwo, 1 - 0.95, table)
                  .HalfWidth(6, once.pairs.difference.StandardError()),
              1e-12);
  EXPECT_GT(sequential.pairs.difference.half_width, once.pairs.difference.half_width);
}

TEST(Verdict, OfAPlanIsInconclusiveWhereLaterSeedsLieOnTheOtherSide) {
  const PairedValues turned = {{1, 1.01, 0.99, -5, -5, -4}, {0, 0, 0, 0, 0, 0}};
  const Judgement judgement = JudgeOne(turned, {.looks = SequentialPlan{.first = 3, .most = 6}});
  EXPECT_LT(judgement.adjusted_p, 0.05);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason,
            "adjusted p = 0.00048 rests on the first 3 seeds, and the mean of all 6 lies on the "
            "other side");
}

// kLower differs by -0.0583 ± 0.0277; p are SciPy's.
Judgement JudgeAlike(const AlikeBounds& bounds, const VerdictRules& rules = {}) {
  PairedValues values = kLower;
  values.alike = bounds;
  return JudgeOne(values, rules);
}

TEST(Verdict, OfLikenessIsEquivalentWhereTheDifferenceIsShownToLieWithin) {
  const Judgement judgement = JudgeAlike({-0.1, 0.1});
  EXPECT_EQ(judgement.verdict, Verdict::kEquivalent);
  EXPECT_EQ(judgement.reason, "it lies between -0.1 and 0.1: adjusted p = 0.0073");
  EXPECT_EQ(judgement.adjusted_p, 1);
}

TEST(Verdict, OfLikenessIsOnTheSideWhereTheDifferenceIsShownToLieOutside) {
  EXPECT_EQ(JudgeAlike({-0.01, 0.01}).verdict, Verdict::kBetter);
  EXPECT_EQ(JudgeAlike({-0.01, kInfinite}).verdict, Verdict::kBetter);
  EXPECT_EQ(JudgeAlike({-kInfinite, -0.1}).verdict, Verdict::kWorse);
  EXPECT_EQ(JudgeAlike({-0.01, 0.01}, {.preference = Preference::kHigher}).verdict,
            Verdict::kWorse);
}

TEST(Verdict, OfLikenessIsInconclusiveWhereNeitherIsShown) {
  EXPECT_EQ(
      JudgeAlike({-0.05, 0.05}).reason,
      "adjusted p = 0.75 of lying between -0.05 and 0.05 is above 0.05, and so is 0.5 of not");
  EXPECT_EQ(JudgeAlike({-0.05, kInfinite}).reason,
            "adjusted p = 0.75 of lying above -0.05 is above 0.05, and so is 0.25 of not");
}

TEST(Verdict, OfLikenessWithinABoundOnOneSideMindsThatSideAlone) {
  EXPECT_EQ(JudgeAlike({-kInfinite, 0}).verdict, Verdict::kEquivalent);
  EXPECT_EQ(JudgeAlike({-0.1, kInfinite}).verdict, Verdict::kEquivalent);
}

TEST(Verdict, OfLikenessCountsOnceInTheFamilyAndIsAdjustedByIt) {
  PairedValues alike = kLower;
  alike.alike = AlikeBounds{-0.1, 0.1};
  const auto judgements = Judge(std::vector<PairedValues>{kLower, alike, kLower}, {});
  EXPECT_NEAR(judgements[0].adjusted_p, 3 * 0.0036849342330343205, 1e-9);
  EXPECT_TRUE(std::isnan(judgements[0].adjusted_equivalence_p));
  // Both others are decided before it, and it stays alone.
  EXPECT_NEAR(judgements[1].adjusted_equivalence_p, 3 * 0.0036849342330343205, 1e-9);
  PairedValues missing;
  missing.alike = AlikeBounds{-0.1, 0.1};
  const auto with_missing = Judge(std::vector<PairedValues>{alike, missing}, {});
  EXPECT_NEAR(with_missing[0].adjusted_equivalence_p, 2 * 0.0072803855259832035, 1e-9);
  EXPECT_EQ(with_missing[1].verdict, Verdict::kUndecidable);
}

}  // namespace
}  // namespace upcycle
