#include "results/comparison/seed_rounds.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.h"

namespace upcycle {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr VerdictRules kRules = {.looks = SequentialPlan{.first = 3, .most = 8}};

// Differences of the arm to a baseline of zeros; as many as are planned.
PairedValues Arm(std::vector<double> differences) {
  differences.resize(8, kAbsent);
  return {.arm = std::move(differences), .baseline = std::vector<double>(8, 0.0)};
}

// Far enough from 0 for the first look.
const std::vector<double> kClear = {-1.0, -1.001, -0.999, -1.0005, -1.0, -1.001, -0.999, -1.0};
// Around 0.
const std::vector<double> kOpen = {0.1, -0.2, 0.15, -0.1, 0.2, -0.1, -0.05, 0.02};

std::vector<double> First(const std::vector<double>& values, size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(SeedRounds, AskForTheFirstSeedsOfAll) {
  const SeedRounds rounds = PlayRounds(std::vector{Arm({}), Arm({0.5})}, kRules);
  EXPECT_EQ(rounds.arms[0].seeds, 3);
  EXPECT_EQ(rounds.arms[1].seeds, 3);
  EXPECT_EQ(rounds.baseline_seeds, 3);
  EXPECT_FALSE(rounds.is_over);
  EXPECT_EQ(rounds.arms[0].judgement.verdict, Verdict::kIncomplete);
}

TEST(SeedRounds, AskForMoreOnlyOfArmsThatAreNotDecided) {
  const SeedRounds rounds =
      PlayRounds(std::vector{Arm(First(kClear, 3)), Arm(First(kOpen, 3))}, kRules);
  EXPECT_EQ(rounds.arms[0].judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(rounds.arms[0].seeds, 3);
  EXPECT_EQ(rounds.arms[1].seeds, 4);
  EXPECT_EQ(rounds.baseline_seeds, 4);
  EXPECT_FALSE(rounds.is_over);
}

// Whoever is faster has no say.
TEST(SeedRounds, WaitForEveryArmOfARound) {
  const auto early = PlayRounds(std::vector{Arm(First(kOpen, 4)), Arm(First(kOpen, 3))}, kRules);
  EXPECT_EQ(early.arms[0].seeds, 4);
  const auto late = PlayRounds(std::vector{Arm(First(kOpen, 4)), Arm(First(kOpen, 4))}, kRules);
  EXPECT_EQ(late.arms[0].seeds, 5);
}

TEST(SeedRounds, LookAtNoSeedBeforeItsRound) {
  // The fourth value is there already, and would decide.
  const auto ahead = PlayRounds(std::vector{Arm(First(kClear, 8)), Arm({0.1, -0.2})}, kRules);
  EXPECT_EQ(ahead.arms[0].seeds, 3);
  EXPECT_EQ(ahead.arms[0].judgement.pairs.difference.count, 3);
}

TEST(SeedRounds, EndWhereAllAreDecidedOrSpent) {
  const SeedRounds rounds = PlayRounds(std::vector{Arm(kClear), Arm(kOpen)}, kRules);
  EXPECT_TRUE(rounds.is_over);
  EXPECT_EQ(rounds.arms[0].seeds, 3);
  EXPECT_EQ(rounds.arms[1].seeds, 8);
  EXPECT_EQ(rounds.arms[1].need, SeedNeed::kSpent);
  EXPECT_EQ(rounds.arms[1].judgement.verdict, Verdict::kInconclusive);
}

TEST(SeedRounds, DoNotWaitForAnArmThatTakesNoPart) {
  PairedValues lost = Arm({0.1});
  lost.incomparable = "seed 1 diverged";
  const SeedRounds rounds = PlayRounds(std::vector{Arm(kOpen), lost}, kRules);
  EXPECT_TRUE(rounds.is_over);
  EXPECT_EQ(rounds.arms[0].seeds, 8);
  EXPECT_EQ(rounds.arms[1].seeds, 0);
  EXPECT_EQ(rounds.arms[1].judgement.reason, "seed 1 diverged");
}

// However the values arrive, the same seeds are asked for in the end.
TEST(SeedRounds, DependOnValuesAlone) {
  const RandomStream stream(1, "rounds");
  uint64_t draw = 0;
  SequentialTable table;
  const auto whole = PlayRounds(std::vector{Arm(kOpen), Arm(kClear), Arm(kOpen)}, kRules, &table);
  for (int order = 0; order < 20; ++order) {
    std::vector<PairedValues> seen = {Arm({}), Arm({}), Arm({})};
    const std::vector<double>* sources[] = {&kOpen, &kClear, &kOpen};
    SeedRounds rounds = PlayRounds(seen, kRules, &table);
    while (!rounds.is_over) {
      const size_t arm = stream.Below(draw++, 3);
      const size_t number = stream.Below(draw++, 8);
      if (static_cast<int64_t>(number) < rounds.arms[arm].seeds) {
        seen[arm].arm[number] = (*sources[arm])[number];
      }
      rounds = PlayRounds(seen, kRules, &table);
    }
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(rounds.arms[i].seeds, whole.arms[i].seeds);
      EXPECT_EQ(rounds.arms[i].judgement.adjusted_p, whole.arms[i].judgement.adjusted_p);
    }
  }
}

TEST(SeedRounds, EndWhereFewerSeedsAreThereThanThePlanHas) {
  const SeedRounds rounds =
      PlayRounds(std::vector{PairedValues{First(kOpen, 4), std::vector<double>(4, 0.0)}}, kRules);
  EXPECT_TRUE(rounds.is_over);
  EXPECT_EQ(rounds.arms[0].seeds, 4);
  EXPECT_EQ(rounds.arms[0].judgement.verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace upcycle
