#include "results/statistics/seed_allocation.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/random.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

const VerdictRules kRules = {.looks = SequentialPlan{.first = 3, .most = 6}};

PairedValues Against(const Numbers& differences) {
  return {.arm = differences, .baseline = Numbers(differences.size(), 0.0)};
}

ArmSeeds AllocateOne(const Numbers& differences, VerdictRules rules = kRules) {
  return AllocateSeeds(std::vector<PairedValues>{Against(differences)}, rules)[0];
}

TEST(SeedAllocation, StopsAnArmThatIsDecided) {
  const ArmSeeds arm = AllocateOne({-0.50, -0.51, -0.49});
  EXPECT_EQ(arm.need, SeedNeed::kDecided);
  EXPECT_EQ(arm.seeds, 3);
  EXPECT_EQ(arm.judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(arm.why, "better at 3 seeds: adjusted p = 0.0018");
}

TEST(SeedAllocation, AsksForOneMoreSeedWhereItMayDecide) {
  const ArmSeeds arm = AllocateOne({-0.5, 0.1, -0.3, -0.2});
  EXPECT_EQ(arm.need, SeedNeed::kMore);
  EXPECT_EQ(arm.seeds, 5);
  EXPECT_EQ(arm.why, "not decided at 4 of at most 6 seeds: adjusted p = 0.63 is above 0.05");
}

TEST(SeedAllocation, AsksForTheFirstLooksSeedsAtOnce) {
  const ArmSeeds arm = AllocateOne({-0.5});
  EXPECT_EQ(arm.need, SeedNeed::kMore);
  EXPECT_EQ(arm.seeds, 3);
  EXPECT_EQ(AllocateOne({}).seeds, 3);
}

TEST(SeedAllocation, EndsWhereSeedsAreSpent) {
  const ArmSeeds arm = AllocateOne({-0.5, 0.1, -0.3, 0.2, 0.4, -0.1});
  EXPECT_EQ(arm.need, SeedNeed::kSpent);
  EXPECT_EQ(arm.seeds, 6);
  EXPECT_EQ(arm.why, "not decided by all 6 seeds: adjusted p = 0.86 is above 0.05");
}

TEST(SeedAllocation, WaitsForASeedThatHasNoResult) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const ArmSeeds arm = AllocateOne({-0.5, missing, -0.3, 0.2});
  EXPECT_EQ(arm.need, SeedNeed::kMissing);
  EXPECT_EQ(arm.why, "1 of 4 paired seeds have no result");
}

TEST(SeedAllocation, HasNoSeedForWhatDoesNotCompareOrLiesBeyondThePlan) {
  PairedValues other = Against({-0.5, -0.4, -0.3});
  other.incomparable = "it was measured on other tokens";
  const ArmSeeds arm = AllocateSeeds(std::vector<PairedValues>{other}, kRules)[0];
  EXPECT_EQ(arm.need, SeedNeed::kNone);
  EXPECT_EQ(arm.why, "it was measured on other tokens");
  EXPECT_EQ(AllocateOne({1, 2, 3, 4, 5, 6, 7}).need, SeedNeed::kNone);
}

TEST(SeedAllocation, AsksForMoreWhereDifferencesHaveNoSpreadYet) {
  EXPECT_EQ(AllocateOne({-0.5, -0.5, -0.5}).need, SeedNeed::kMore);
  EXPECT_EQ(AllocateOne({0, 0, 0}).need, SeedNeed::kDecided);
}

TEST(SeedAllocation, StopsAnArmThatIsShownToBeEquivalent) {
  VerdictRules rules = kRules;
  rules.margin = 0.2;
  const ArmSeeds arm = AllocateOne({0.001, -0.002, 0.0015}, rules);
  EXPECT_EQ(arm.need, SeedNeed::kDecided);
  EXPECT_EQ(arm.judgement.verdict, Verdict::kEquivalent);
}

TEST(SeedAllocation, CountsTheOtherArmsOfTheTable) {
  const Numbers ours = {-0.50, -0.53, -0.47, -0.51};
  std::vector<PairedValues> family(7, Against({-0.5, 0.1, -0.3, -0.2}));
  EXPECT_EQ(AllocateOne(ours).need, SeedNeed::kDecided);
  family.push_back(Against({-0.50, -0.60, -0.40, -0.51}));
  const std::vector<ArmSeeds> arms = AllocateSeeds(family, kRules);
  EXPECT_EQ(arms.back().need, SeedNeed::kMore);
  EXPECT_EQ(AllocateOne({-0.50, -0.60, -0.40, -0.51}).need, SeedNeed::kDecided);
}

// What the simulation counts by: Holm's step-down on the boundaries of level/m.
std::vector<bool> DecidedByBoundaries(const std::vector<PairedValues>& family,
                                      SequentialTable& table) {
  std::vector<std::pair<double, size_t>> scores;
  for (size_t arm = 0; arm < family.size(); ++arm) {
    double score = 1e9;
    for (size_t n = 3; n <= family[arm].arm.size(); ++n) {
      const Numbers first(family[arm].arm.begin(), family[arm].arm.begin() + n);
      const double p = ComparePairs(first, Numbers(n, 0.0), 0.95).p;
      score = std::min(score, p / kRules.looks->Weight(static_cast<int64_t>(n)));
    }
    scores.emplace_back(score, arm);
  }
  std::ranges::sort(scores);
  std::vector<bool> decided(family.size());
  for (size_t rank = 0; rank < scores.size(); ++rank) {
    const double level = (1 - kRules.interval) / static_cast<double>(scores.size() - rank);
    if (scores[rank].first > SequentialBoundary(*kRules.looks, Sides::kTwo, level, table).Limit())
      break;
    decided[scores[rank].second] = true;
  }
  return decided;
}

TEST(SeedAllocation, DecidesAsTheBoundariesOfItsPlanDo) {
  const RandomStream stream(4, "test/allocation");
  uint64_t next = 0;
  int decided = 0;
  SequentialTable table;
  for (int study = 0; study < 12; ++study) {
    std::vector<PairedValues> family;
    for (size_t arm = 0; arm < 4; ++arm) {
      Numbers differences;
      for (size_t seed = 0; seed < 3 + (arm + static_cast<size_t>(study)) % 4; ++seed) {
        differences.push_back(stream.Normal(next++) - 2.0 * static_cast<double>(arm));
      }
      family.push_back(Against(differences));
    }
    const std::vector<bool> expected = DecidedByBoundaries(family, table);
    const std::vector<ArmSeeds> arms = AllocateSeeds(family, kRules, &table);
    for (size_t arm = 0; arm < arms.size(); ++arm) {
      EXPECT_EQ(arms[arm].need == SeedNeed::kDecided, expected[arm]) << study << " " << arm;
      decided += expected[arm];
    }
  }
  EXPECT_GT(decided, 5);
  EXPECT_LT(decided, 40);
}

}  // namespace
}  // namespace upcycle
