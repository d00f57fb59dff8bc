// Each lint fires where it should, and stays silent where nothing is wrong.
#include "core/recipe/fairness.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/recipe/factors.h"
#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

// Silent by itself: lines are numbered from 4.
std::string Warnings(const std::string& lines, const std::string& upcycling = "copy") {
  return WarningsIn("name: a\ndata: {train: [{kind: atlas}]}\nupcycle: " + upcycling + "\n" +
                    lines);
}

constexpr const char* kOnlyFactors = "allow: [unequal_compute, untuned_rate]\n";
constexpr const char* kOnlyCompute = "allow: [two_factors, untuned_rate]\n";
constexpr const char* kOnlyRate = "allow: [two_factors, unequal_compute]\n";

TEST(TwoFactors, ThatNoArmTellsApartAreSaidWithTheMissingArms) {
  const std::string zip =
      "method: zip\nparameters:\n  moe.expansion: [4, 8, 16]\n  moe.top_k: [1, 2, 4]\n";
  EXPECT_EQ(Warnings(kOnlyFactors + zip),
            "a.yaml:7:3: warning: arms \"expansion=8, top_k=2\", \"expansion=16, top_k=4\" differ "
            "from \"expansion=4, top_k=1\" in 2 factors at once, moe.expansion and moe.top_k, and "
            "no other arm tells which of them makes the difference\n"
            "    moe.expansion: [4, 8, 16]\n"
            "    ^\n"
            "  expected arms that differ in one of them alone, such as {moe.expansion: 8} and "
            "{moe.top_k: 2}; or allow: two_factors\n");
  EXPECT_EQ(Warnings("allow: [unequal_compute, untuned_rate, two_factors]\n" + zip), "");
}

TEST(TwoFactors, OfAGridAreToldApartByItsOtherArms) {
  const std::string grid =
      "method: grid\nparameters:\n  moe.expansion: [4, 8]\n  moe.top_k: [1, 2]\n"
      "  moe.router.z_loss: [0, 1e-3]\n";
  EXPECT_EQ(Warnings(kOnlyFactors + grid), "");
}

TEST(TwoFactors, AreToldApartByOneArmThatHasOneOfThem) {
  const std::string both = "  - {name: both, moe.expansion: 4, moe.top_k: 4}\n";
  const std::string arms = kOnlyFactors + std::string("arms:\n  - {name: base}\n");
  EXPECT_TRUE(Says(Warnings(arms + both), "arm \"both\" differs from \"base\" in 2 factors"));
  EXPECT_EQ(Warnings(arms + both + "  - {name: one, moe.expansion: 4}\n"), "");
}

TEST(TwoFactors, AreOneWhereADenseModelBecomesAMixture) {
  const std::string arms =
      "arms:\n  - {name: dense, upcycle: none}\n"
      "  - {name: E4T1, upcycle.scaling: paper, moe: {expansion: 4, top_k: 1}}\n";
  EXPECT_EQ(Warnings(kOnlyFactors + arms), "");
  EXPECT_TRUE(Says(Warnings(kOnlyFactors + arms +
                            "  - {name: other, moe.expansion: 2, train.optimizer.beta2: 0.9}\n"),
                   "in 2 factors at once, train.optimizer.beta2 and upcycle"));
}

TEST(TwoFactors, AreOneInAGrowingBatch) {
  const std::string ramp =
      "arms:\n  - {name: base}\n"
      "  - {name: growing, train: {micro_batch_sequences: 4, batch_ramp: "
      "{start_sequences: 4, increment_sequences: 4, tokens: 100k}}}\n";
  const std::string base = std::string(kOnlyFactors) + "train: {micro_batch_sequences: 4}\n";
  EXPECT_EQ(Warnings(base + ramp), "");
  EXPECT_TRUE(Says(Warnings(std::string(kOnlyFactors) + ramp), "in 2 factors at once"));
}

TEST(TwoFactors, AreNoneWhereASettingIsNotUsedOrChangesNoResult) {
  EXPECT_EQ(Warnings(std::string(kOnlyFactors) +
                     "arms:\n  - {name: base}\n"
                     "  - {name: constant, train.learning_rate: {schedule: constant, minimum: 0}}\n"
                     "  - {name: seldom, moe.top_k: 4, train.log_every: 50}\n"
                     "  - {name: scratch, upcycle: {method: scratch, scaling: paper}}\n"),
            "");
}

TEST(TwoFactors, AreTakenToTheArmThatTheTableComparesWith) {
  const std::string arms =
      "arms:\n  - {name: x}\n  - {name: y, moe.top_k: 4}\n  - {name: z, moe.expansion: 4}\n";
  EXPECT_EQ(Warnings(kOnlyFactors + arms), "");
  EXPECT_EQ(Warnings(kOnlyFactors + arms + "table: {against: y}\n"), "");
  const std::string two =
      "arms:\n  - {name: x}\n  - {name: y, moe.top_k: 4, moe.expansion: 4}\n"
      "table: {against: y}\n";
  EXPECT_TRUE(Says(Warnings(kOnlyFactors + two), "arm \"x\" differs from \"y\" in 2 factors"));
}

TEST(Isolation, NeedsAChainOfSingleSteps) {
  const Factor a{"a", "1", "1"}, b{"b", "1", "1"}, other_b{"b", "2", "2"}, c{"c", "1", "1"};
  EXPECT_EQ(AreIsolated({{a, b, c}, {a, b}, {a}}), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(AreIsolated({{a, b}, {a, other_b}}), (std::vector<bool>{false, false}));
  EXPECT_EQ(AreIsolated({{a, b}, {a, other_b}, {other_b}}), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(AreIsolated({{a, b}, {c}, {}}), (std::vector<bool>{false, true, true}));
}

TEST(UnequalCompute, OfTokensIsSaidWhereNothingIsMatched) {
  const std::string arms = "arms: [{name: x}, {name: y, train.tokens: 4M}]\n";
  EXPECT_EQ(Warnings(kOnlyCompute + arms),
            "a.yaml:5:29: warning: arms are compared at unequal tokens: arm \"y\" trains on 3.81 "
            "times as many as \"x\"\n"
            "  arms: [{name: x}, {name: y, train.tokens: 4M}]\n"
            "                              ^\n"
            "  expected match: train_flops; or allow: unequal_compute\n");
  EXPECT_EQ(Warnings("allow: [unequal_compute]\n" + arms), "");
}

// 3200 tokens are 40 batches of 8 · 10; 20 of half the size and 30 whole ones read as many.
TEST(UnequalCompute, IsNoneWhereABatchGrowsToTheSameTokens) {
  EXPECT_EQ(
      Warnings(kOnlyCompute +
               std::string("model: {sequence_length: 10}\n"
                           "train: {tokens: 3200, batch_sequences: 8, micro_batch_sequences: 4}\n"
                           "arms:\n  - {name: x}\n  - name: ramp\n    train.batch_ramp: "
                           "{start_sequences: 4, increment_sequences: 4, tokens: 800}\n")),
      "");
}

TEST(UnequalCompute, OfFlopsIsSaidWhereTokensAreEqual) {
  const std::string arms = "arms: [{name: x}, {name: y, moe.top_k: 8}]\n";
  for (const char* match : {"match: none\n", "match: train_tokens\n"}) {
    EXPECT_TRUE(Says(Warnings(kOnlyCompute + std::string(match) + arms),
                     "a.yaml:5:1: warning: arms are compared at equal tokens and unequal training "
                     "FLOPs: a token of arm \"y\" takes"))
        << match;
  }
}

TEST(UnequalCompute, IsNoneWhereFlopsAreMatchedOrEqual) {
  const std::string arms = "arms: [{name: x}, {name: y, moe.top_k: 8}]\n";
  for (const char* match : {"match: {on: train_flops, tolerance: 50%}\n",
                            "match: {on: padded_train_flops, tolerance: 50%}\n"}) {
    EXPECT_EQ(Warnings(kOnlyCompute + std::string(match) + arms), "") << match;
  }
  EXPECT_EQ(Warnings(std::string(kOnlyCompute) +
                     "arms: [{name: x}, {name: y, train.optimizer.beta2: 0.9}]\n"),
            "");
}

TEST(UntunedRate, IsSaidWhereOneRateServesArmsThatMayWantSeveral) {
  const std::string arms = "arms: [{name: x}, {name: y, moe.top_k: 4, upcycle.scaling: paper}]\n";
  EXPECT_EQ(Warnings(kOnlyRate + arms),
            "a.yaml:5:29: warning: arms differ in moe.top_k and upcycle.scaling, which move the "
            "best learning rate, and all train with a peak of 0.001: what one gains may be that it "
            "was tuned for\n"
            "  arms: [{name: x}, {name: y, moe.top_k: 4, upcycle.scaling: paper}]\n"
            "                              ^\n"
            "  expected train.learning_rate.peak among the parameters; or, where it was tuned for "
            "each before, allow: untuned_rate\n");
}

TEST(UntunedRate, IsNoneWhereAnArmVariesItOrNothingMovesIt) {
  EXPECT_EQ(Warnings(std::string(kOnlyRate) + "method: grid\nparameters:\n  moe.top_k: [1, 2]\n"
                                              "  train.learning_rate.peak: [1e-3, 2e-3]\n"),
            "");
  EXPECT_EQ(Warnings(std::string(kOnlyRate) +
                     "method: ablate\nparameters: {moe.router.z_loss: [1e-3]}\n"),
            "");
}

TEST(UntunedRate, CountsWhatMakesADenseModelAMixture) {
  EXPECT_TRUE(
      Says(Warnings(std::string(kOnlyRate) + "arms: [{name: x}, {name: y, upcycle: none}]\n"),
           "arms differ in upcycle.method"));
}

TEST(UntunedRate, CountsWhatChangesHowLargeAStepIs) {
  for (const char* change : {"moe.shared_expert: plain", "moe.router.score: sigmoid",
                             "train.micro_batch_sequences: 4, train.batch_ramp: {start_sequences: "
                             "4, increment_sequences: 4, "
                             "tokens: 800}"}) {
    EXPECT_TRUE(
        Says(Warnings(fmt::format("{}arms: [{{name: x}}, {{name: y, {}}}]\n", kOnlyRate, change)),
             "which moves the best learning rate"))
        << change;
  }
}

TEST(Lints, ThatAreAllowedMustBeKnown) {
  EXPECT_TRUE(Says(MistakesIn("name: a\ndata: {train: [{kind: atlas}]}\nallow: two_factor\n"),
                   "a.yaml:3:8: error: allow cannot be \"two_factor\""));
}

}  // namespace
}  // namespace upcycle
