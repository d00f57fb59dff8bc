// A smaller run of `upcycle bench --statistics`. Bounds are 4 standard errors of the share that is
// allowed, so that chance alone breaks them once in 30,000 changes of the seed, which is fixed.
#include "results/statistics/simulation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr int64_t kStudies = 3000;

double Allowed(double share, int64_t count) {
  return share + 4 * std::sqrt(share * (1 - share) / static_cast<double>(count));
}

Tally SimulateOne(SimulatedStudies studies, Way way) {
  studies.studies = kStudies;
  const Decider decider[] = {{way}};
  return Simulate(studies, Prepare(decider, studies.seeds, studies.arms), 2)[0];
}

TEST(Simulation, FalseVerdictsOfOneTestStayBelowTheLevelAndAreNotRarerThanNeeded) {
  for (const int64_t seeds : {3, 5, 6}) {
    const Tally tally = SimulateOne({.seeds = seeds}, Way::kOnce);
    EXPECT_LE(tally.FamilyError(), Allowed(0.05, kStudies)) << seeds;
    EXPECT_GE(tally.FamilyError(), 0.03) << seeds;
  }
}

TEST(Simulation, FalseVerdictsStayBelowTheLevelWhereOtherArmsDiffer) {
  for (const Way way : {Way::kOnce, Way::kPlanned}) {
    const Tally tally = SimulateOne({.seeds = 6, .different = 4, .size = 3}, way);
    EXPECT_LE(tally.FamilyError(), Allowed(0.05, kStudies));
    EXPECT_GT(tally.Power(), 0.9);
  }
}

TEST(Simulation, FalseVerdictsOfAPlanStayBelowTheLevelHoweverOftenItIsLookedAt) {
  for (const int64_t seeds : {5, 6, 12}) {
    const Tally tally = SimulateOne({.seeds = seeds}, Way::kPlanned);
    EXPECT_LE(tally.FamilyError(), Allowed(0.05, kStudies)) << seeds;
    EXPECT_GE(tally.FamilyError(), 0.03) << seeds;
  }
}

TEST(Simulation, ShowsThatPeekingWithoutAPlanBreaksTheLevel) {
  EXPECT_GT(SimulateOne({.seeds = 12}, Way::kUncorrected).FamilyError(), 0.15);
}

TEST(Simulation, OutliersMakeVerdictsRarerNotWronger) {
  const SimulatedStudies studies = {.noise = Noise::kHeavyTailed, .seeds = 6};
  EXPECT_LE(SimulateOne(studies, Way::kOnce).FamilyError(), 0.05);
  EXPECT_LE(SimulateOne(studies, Way::kPlanned).FamilyError(), 0.05);
}

TEST(Simulation, IntervalsHoldTheTruthAsOftenAsTheySay) {
  // Arms of a study share the baseline, so that a study counts once.
  const double below = 0.95 - 4 * std::sqrt(0.95 * 0.05 / kStudies);
  const double above = 0.95 + 4 * std::sqrt(0.95 * 0.05 / kStudies);
  for (const int64_t seeds : {3, 6}) {
    const double coverage = SimulateOne({.seeds = seeds}, Way::kOnce).Coverage();
    EXPECT_GE(coverage, below) << seeds;
    EXPECT_LE(coverage, above) << seeds;
  }
  EXPECT_GE(SimulateOne({.seeds = 8, .different = 4, .size = 2}, Way::kPlanned).Coverage(), below);
}

TEST(Simulation, FalseEquivalenceStaysBelowTheLevelWhereArmsLieAtTheMargin) {
  const SimulatedStudies at_margin = {.seeds = 6, .different = 8, .size = 2, .margin = 2};
  EXPECT_LE(SimulateOne(at_margin, Way::kOnce).FamilyError(), Allowed(0.05, kStudies));
  EXPECT_GT(SimulateOne({.seeds = 6, .margin = 4}, Way::kOnce).Power(), 0.8);
}

TEST(Simulation, FalseEquivalenceOfAPlanStaysBelowTheLevelHoweverOftenItIsLookedAt) {
  const Decider decider[] = {{Way::kPlanned}};
  for (const int64_t seeds : {3, 6}) {
    const std::vector<PreparedDecider> prepared = Prepare(decider, seeds, SimulatedStudies().arms);
    for (const int64_t different : {4, 8}) {
      const SimulatedStudies at_margin = {
          .seeds = seeds, .different = different, .size = 2, .margin = 2, .studies = kStudies};
      EXPECT_LE(Simulate(at_margin, prepared, 2)[0].FamilyError(), Allowed(0.05, kStudies))
          << seeds << " seeds, " << different << " at the margin";
    }
  }
  EXPECT_GT(SimulateOne({.seeds = 6, .margin = 4}, Way::kPlanned).Power(), 0.9);
}

TEST(Simulation, ShowsThatPeekingAtEquivalenceWithoutAPlanBreaksTheLevel) {
  const SimulatedStudies at_margin = {.seeds = 12, .different = 8, .size = 2, .margin = 2};
  EXPECT_GT(SimulateOne(at_margin, Way::kUncorrected).FamilyError(), 0.08);
}

// With one look both ways are the same tests.
TEST(Simulation, APlanOfOneLookDecidesAsJudgeDoes) {
  for (const double margin : {0.0, 3.0}) {
    const SimulatedStudies studies = {.seeds = 3, .different = 4, .size = 3, .margin = margin};
    const Tally once = SimulateOne(studies, Way::kOnce);
    const Tally plan = SimulateOne(studies, Way::kPlanned);
    EXPECT_EQ(once.found, plan.found) << margin;
    EXPECT_EQ(once.false_families, plan.false_families) << margin;
  }
}

TEST(Simulation, APlanSavesSeedsOfArmsThatDifferAndKeepsMostOfTheirPower) {
  const SimulatedStudies studies = {.seeds = 12, .different = 8, .size = 2};
  const Tally once = SimulateOne(studies, Way::kOnce), plan = SimulateOne(studies, Way::kPlanned);
  EXPECT_EQ(once.SeedsPerArm(), 12);
  EXPECT_LT(plan.SeedsPerArm(), 9);
  EXPECT_GT(plan.Power(), once.Power() - 0.02);
  EXPECT_GT(plan.Power(), SimulateOne(studies, Way::kEValue).Power());
}

TEST(Simulation, CountsTheSameForAnyNumberOfThreads) {
  const SimulatedStudies studies = {
      .noise = Noise::kSkewed, .seeds = 5, .different = 2, .size = 1, .studies = 101};
  const Decider deciders[] = {{Way::kOnce}, {Way::kPlanned}, {Way::kEValue}};
  const std::vector<PreparedDecider> prepared = Prepare(deciders, studies.seeds, studies.arms);
  const std::vector<Tally> one = Simulate(studies, prepared, 1);
  for (const int threads : {2, 5}) {
    const std::vector<Tally> many = Simulate(studies, prepared, threads);
    for (size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].false_families, many[i].false_families);
      EXPECT_EQ(one[i].found, many[i].found);
      EXPECT_EQ(one[i].covering, many[i].covering);
      EXPECT_EQ(one[i].arm_seeds, many[i].arm_seeds);
      EXPECT_EQ(one[i].studies, 101);
      EXPECT_EQ(many[i].studies, 101);
    }
  }
}

}  // namespace
}  // namespace upcycle
