#include "results/report/sentences.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/says.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Judgement Judged(Verdict verdict, double mean, double half_width, double adjusted_p,
                 std::string reason = "") {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.reason = std::move(reason);
  judgement.pairs.difference = {
      .count = 4, .mean = mean, .deviation = 0.01, .half_width = half_width};
  judgement.adjusted_p = adjusted_p;
  return judgement;
}

// "dense", the baseline, and "routed" with this judgement.
Comparison With(const Judgement& judgement) {
  Comparison comparison;
  comparison.baseline = "dense";
  comparison.metrics = {"validation/loss"};
  comparison.arms.resize(2);
  comparison.arms[0].name = "dense";
  comparison.arms[1].name = "routed";
  comparison.arms[1].judgement = judgement;
  for (ArmComparison& arm : comparison.arms) {
    arm.summaries = {{.count = 4, .mean = 0.7237, .deviation = 0.0025, .half_width = 0.004}};
  }
  return comparison;
}

std::string Said(const Judgement& judgement) {
  const Comparison comparison = With(judgement);
  return FindingSentence(comparison, comparison.arms[1]);
}
std::string Power(const Judgement& judgement) {
  const Comparison comparison = With(judgement);
  return PowerSentence(comparison, comparison.arms[1]);
}

// Whether the sentence uses a word that only a comparison may decide on.
bool Decides(const std::string& sentence) {
  for (const char* word : {"better", "worse", "equivalent", "identical"}) {
    if (sentence.find(word) != std::string::npos) return true;
  }
  return false;
}

TEST(Sentences, BetterAndWorseAreDistancesWithEvidence) {
  EXPECT_EQ(Said(Judged(Verdict::kBetter, -0.0142, 0.0043, 0.0037)),
            "routed is better than dense by 0.0142 ± 0.0043 nats (4 paired seeds, adjusted p "
            "0.0037).");
  EXPECT_EQ(Said(Judged(Verdict::kWorse, 0.0142, 0.0043, 0.0037)),
            "routed is worse than dense by 0.0142 ± 0.0043 nats (4 paired seeds, adjusted p "
            "0.0037).");
}

TEST(Sentences, AMetricWithoutAUnitHasNone) {
  Comparison comparison = With(Judged(Verdict::kBetter, 0.05, 0.01, 0.001));
  comparison.metrics = {"atlas/accuracy"};
  comparison.preference = Preference::kHigher;
  EXPECT_EQ(FindingSentence(comparison, comparison.arms[1]),
            "routed is better than dense by 0.050 ± 0.010 (4 paired seeds, adjusted p 0.0010).");
}

TEST(Sentences, ADecisionThatTheMeanHasLeftIsNoDistance) {
  EXPECT_EQ(Said(Judged(Verdict::kBetter, 0.002, 0.01, 0.04)),
            "routed is better than dense (4 paired seeds, adjusted p 0.040); over all seeds the "
            "difference is +0.002 ± 0.010 nats.");
}

TEST(Sentences, EquivalentNamesTheMargin) {
  Judgement judgement = Judged(Verdict::kEquivalent, -0.001, 0.002, 0.4);
  judgement.adjusted_equivalence_p = 0.01;
  Comparison comparison = With(judgement);
  comparison.table.margin = 0.005;
  EXPECT_EQ(FindingSentence(comparison, comparison.arms[1]),
            "routed is equivalent to dense within ±0.005 nats: the difference is −0.0010 ± 0.0020 "
            "nats (4 paired seeds, adjusted p of lying within the margin 0.010).");
  comparison.arms[1].judgement->adjusted_p = 0.01;
  EXPECT_TRUE(Says(FindingSentence(comparison, comparison.arms[1]),
                   "there is a difference, too small to matter"));
}

TEST(Sentences, InconclusiveDecidesNothing) {
  const std::string said = Said(Judged(Verdict::kInconclusive, -0.005, 0.0093, 0.19));
  EXPECT_EQ(said,
            "routed against dense is inconclusive: the difference is −0.0050 ± 0.0093 nats (4 "
            "paired seeds, adjusted p 0.19).");
  EXPECT_FALSE(Decides(said));
}

TEST(Sentences, RefusalsKeepTheirReasons) {
  EXPECT_EQ(Said(Judged(Verdict::kIncomplete, kNone, kNone, kNone,
                        "2 of 4 paired seeds have no "
                        "result")),
            "routed has no verdict against dense, it is incomplete: 2 of 4 paired seeds have no "
            "result.");
  EXPECT_EQ(Said(Judged(Verdict::kUndecidable, kNone, kNone, kNone, "a test needs at least 2")),
            "routed has no verdict against dense, it is undecidable: a test needs at least 2.");
  EXPECT_FALSE(Decides(Said(Judged(Verdict::kIncomplete, -1, 0.1, kNone, "pairs are missing"))));
  EXPECT_FALSE(Decides(Said(Judged(Verdict::kUndecidable, -1, 0.1, kNone, "other texts"))));
  EXPECT_EQ(Said(Judged(Verdict::kIdentical, 0, kNone, kNone, "all 4 differences are 0")),
            "routed is identical to dense in validation/loss: all 4 differences are 0.");
}

TEST(Sentences, TheBaselineSaysWhatItReached) {
  Comparison comparison = With(Judged(Verdict::kBetter, -1, 0.1, 0.01));
  EXPECT_EQ(FindingSentence(comparison, comparison.arms[0]),
            "The baseline, dense, reached validation/loss 0.7237 ± 0.0040 nats (4 seeds).");
  comparison.arms[0].summaries[0] = {.count = 0, .mean = kNone};
  EXPECT_EQ(FindingSentence(comparison, comparison.arms[0]),
            "The baseline, dense, has no validation/loss yet.");
}

// A size of 0.5 at a level of 0.05 asks for 34 pairs (Cohen 1988, table 2.4.1); what 4 pairs find
// is that of power_test.cpp's equation, times the deviation of 0.01.
TEST(Sentences, AnInconclusiveArmSaysWhatCouldHaveBeenFound) {
  EXPECT_EQ(
      Power(Judged(Verdict::kInconclusive, -0.005, 0.0159, 0.39)),
      "Were the spread seen the true one, 4 seeds would find a difference of 0.021 nats in "
      "80 % of such studies; to find the one that was seen would take about 34 seeds, 30 more.");
}

TEST(Sentences, ADifferenceNearNothingIsNoPlan) {
  EXPECT_TRUE(Says(Power(Judged(Verdict::kInconclusive, 1e-6, 0.0159, 1)),
                   "would take more than 1000 seeds."));
  EXPECT_TRUE(Says(Power(Judged(Verdict::kInconclusive, 0, 0.0159, 1)), "more than 1000 seeds."));
}

TEST(Sentences, PowerIsOfInconclusiveArmsWithAFixedNumberOfSeeds) {
  EXPECT_EQ(Power(Judged(Verdict::kBetter, -1, 0.1, 0.01)), "");
  EXPECT_EQ(Power(Judged(Verdict::kIncomplete, -1, 0.1, kNone)), "");
  Comparison comparison = With(Judged(Verdict::kInconclusive, -0.005, 0.0159, 0.39));
  EXPECT_EQ(PowerSentence(comparison, comparison.arms[0]), "") << "the baseline";
  comparison.table.most_seeds = 12;
  EXPECT_EQ(PowerSentence(comparison, comparison.arms[1]), "");
}

TEST(Sentences, MoreArmsAskForMore) {
  Comparison comparison = With(Judged(Verdict::kInconclusive, -0.005, 0.0159, 0.39));
  const std::string alone = PowerSentence(comparison, comparison.arms[1]);
  for (int i = 0; i < 9; ++i) comparison.arms.push_back(comparison.arms[1]);
  const std::string among_ten = PowerSentence(comparison, comparison.arms[1]);
  EXPECT_TRUE(Says(alone, "34 seeds"));
  EXPECT_FALSE(Says(among_ten, "34 seeds")) << among_ten;
}

TEST(Sentences, TheOverviewCountsVerdicts) {
  Comparison comparison = With(Judged(Verdict::kBetter, -1, 0.1, 0.01));
  EXPECT_EQ(OverviewSentence(comparison), "Of 1 arm against dense, 1 is better.");
  comparison.arms.push_back(comparison.arms[1]);
  comparison.arms.push_back(comparison.arms[1]);
  comparison.arms[2].judgement->verdict = Verdict::kInconclusive;
  comparison.arms[3].judgement->verdict = Verdict::kInconclusive;
  EXPECT_EQ(OverviewSentence(comparison),
            "Of 3 arms against dense, 1 is better, 2 are inconclusive.");
  comparison.arms.resize(1);
  EXPECT_EQ(OverviewSentence(comparison), "No arm beside dense: nothing is compared.");
  comparison.baseline.clear();
  EXPECT_EQ(OverviewSentence(comparison), "1 arm, and no baseline: nothing is compared.");
}

}  // namespace
}  // namespace upcycle
