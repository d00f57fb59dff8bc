#include "core/recipe/metrics.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";
const std::string kArms =
    "arms: [{name: dense, upcycle: none}, {name: moe, upcycle: copy}, {name: new, upcycle: "
    "scratch}]\n";

// Lines are numbered from 3.
std::string Mistakes(const std::string& lines) { return MistakesIn(kBase + lines); }
std::string Warnings(const std::string& lines) { return WarningsIn(kBase + lines + kAllowAll); }
Goal GoalWith(const std::string& lines) { return LoadText(kBase + lines).metric.goal; }

bool Records(const RunSettings& settings, const std::string& name) {
  const std::vector<std::string> names = MetricsOf(settings);
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(MetricsOf, ADenseRunHasNoExpertsInThem) {
  const Recipe recipe = LoadText(kBase + kArms);
  const RunSettings& dense = recipe.arms[0].settings;
  const RunSettings& moe = recipe.arms[1].settings;
  const RunSettings& scratch = recipe.arms[2].settings;
  for (const char* name : {"validation/loss", "validation/atlas/bits_per_byte", "train/loss",
                           "atlas/accuracy", "atlas/truncated_prompts"}) {
    EXPECT_TRUE(Records(dense, name) && Records(moe, name) && Records(scratch, name)) << name;
  }
  EXPECT_FALSE(Records(dense, "moe/dropped_share"));
  EXPECT_TRUE(Records(scratch, "moe/dropped_share"));
  EXPECT_FALSE(Records(scratch, "moe/parent_cosine"));
  EXPECT_FALSE(Records(scratch, "start/loss"));
  EXPECT_TRUE(Records(moe, "moe/parent_cosine"));
  EXPECT_TRUE(Records(moe, "start/logit_error"));
}

TEST(MetricsOf, LayersWithExpertsHaveTheirOwn) {
  const Recipe recipe = LoadText(kBase + "upcycle: copy\nmodel: {layers: 3}\nmoe: {layers: [1]}\n");
  EXPECT_TRUE(Records(recipe.base, "moe/layer_01/dead_experts"));
  EXPECT_FALSE(Records(recipe.base, "moe/layer_00/dead_experts"));
  EXPECT_FALSE(Records(recipe.base, "moe/layer_02/dead_experts"));
}

TEST(MetricsOf, NamedHeldOutTextTakesThePlaceOfACutShare) {
  const Recipe recipe = LoadText(
      "name: a\ndata: {train: [{name: t, files: t.txt}], validation: [{name: v, files: v.txt}]}\n");
  EXPECT_TRUE(Records(recipe.base, "validation/v/loss"));
  EXPECT_FALSE(Records(recipe.base, "validation/t/loss"));
  EXPECT_FALSE(Records(recipe.base, "t/accuracy"));
}

TEST(MetricsOf, BenchmarksHaveWhatTheirHarnessReports) {
  RunSettings s = LoadText(kBase).base;
  const std::vector<std::string> without = MetricsOf(s);
  s.evaluate.benchmarks.tasks = {"hellaswag", "lambada_openai", "boolq"};
  std::vector<std::string> with = MetricsOf(s);
  std::erase_if(with, [&](const std::string& name) {
    return std::ranges::find(without, name) != without.end();
  });
  EXPECT_EQ(with, (std::vector<std::string>{"hellaswag/accuracy", "hellaswag/accuracy_normalised",
                                            "hellaswag/truncated_prompts",
                                            "lambada_openai/accuracy", "lambada_openai/perplexity",
                                            "lambada_openai/truncated_prompts", "boolq/accuracy",
                                            "boolq/truncated_prompts"}));
  s.evaluate.benchmarks.tasks = {"mmlu"};
  EXPECT_EQ(MetricsOf(s).size(), without.size() + 2 + 57 + 4);
  EXPECT_FALSE(IsPerToken("lambada_openai/perplexity"));
  EXPECT_TRUE(IsPerToken("validation/perplexity"));
}

TEST(MetricChecks, AMetricThatNoRunRecordsIsRefused) {
  EXPECT_EQ(Mistakes("metric: validation/los\n"),
            "a.yaml:3:9: error: no run of this recipe records validation/los\n"
            "  metric: validation/los\n"
            "          ^\n"
            "  expected one of atlas/accuracy, atlas/accuracy_normalised, atlas/truncated_prompts, "
            "data/atlas/epochs, data/atlas/tokens, train/gradient_norm, train/learning_rate, "
            "train/loss, validation/atlas/bits_per_byte, "
            "validation/atlas/loss, validation/atlas/perplexity, validation/bits_per_byte, "
            "validation/loss, validation/perplexity\n"
            "  did you mean \"validation/loss\"?\n");
  EXPECT_TRUE(Says(MistakesIn(kBase, {"metric=foo"}), "--set metric=foo: error: no run"));
}

TEST(MetricChecks, AMetricThatOneArmLacksIsRefusedAndTheArmNamed) {
  const std::string mistakes = Mistakes("metric: moe/dropped_share\n" + kArms);
  EXPECT_TRUE(
      Says(mistakes, "a.yaml:3:9: error: moe/dropped_share is not recorded by arm \"dense\""));
  EXPECT_EQ(Mistakes("upcycle: copy\nmetric: moe/dropped_share\n"), "");
}

TEST(MetricChecks, AColumnIsEnoughWithOneArm) {
  EXPECT_EQ(
      Mistakes("table: {columns: [moe/dropped_share, train_flops, validation/loss]}\n" + kArms),
      "");
  const std::string mistakes =
      Mistakes("table: {columns: [validation/loss, atlas/acuracy]}\n" + kArms);
  EXPECT_TRUE(Says(mistakes, "a.yaml:3:36: error: no run of this recipe records atlas/acuracy"));
  EXPECT_TRUE(Says(mistakes, "did you mean \"atlas/accuracy\"?"));
}

TEST(MetricChecks, AColumnMayBeASettingOrAWordOfTheTest) {
  EXPECT_EQ(Mistakes("table: {rows: moe.top_k, columns: moe.expansion}\n" + kArms), "");
  EXPECT_EQ(
      Mistakes("table: {columns: [seeds, verdict, data.train.0.weight], sort: verdict:desc}\n" +
               kArms),
      "");
  const std::string mistakes = Mistakes("table: {columns: moe.topk, sort: adjusted}\n" + kArms);
  EXPECT_TRUE(Says(mistakes, "error: there is no setting moe.topk"));
  EXPECT_TRUE(Says(mistakes, "did you mean \"moe.top_k\"?"));
  EXPECT_TRUE(Says(mistakes, "error: no run of this recipe records adjusted"));
  EXPECT_TRUE(Says(Mistakes("table: {columns: moe}\n" + kArms), "records moe"));
}

TEST(MetricChecks, WhatDependsOnTheClockIsNoResult) {
  EXPECT_TRUE(Says(Mistakes("metric: system/tokens_per_second\n"), "depends on clock and machine"));
}

TEST(MetricChecks, SayNothingOfDataThatCouldNotBeRead) {
  EXPECT_FALSE(Says(MistakesIn("name: a\ndata: {train: [{kind: mmlu}]}\nmetric: mmlu/accuracy\n"),
                    "records"));
}

TEST(Goal, FollowsFromTheMetricsName) {
  EXPECT_EQ(GoalWith("metric: validation/perplexity\n"), Goal::kMinimize);
  EXPECT_EQ(GoalWith("metric: atlas/accuracy\n"), Goal::kMaximize);
  EXPECT_EQ(GoalWith("metric: {name: train/gradient_norm, goal: maximize}\n"), Goal::kMaximize);
  EXPECT_EQ(Mistakes("metric: train/gradient_norm\n"),
            "a.yaml:3:9: error: which values of train/gradient_norm are better, its name does not "
            "say\n"
            "  metric: train/gradient_norm\n"
            "          ^\n"
            "  expected metric: {name: train/gradient_norm, goal: minimize}, or maximize\n");
}

TEST(Goal, ThatContradictsTheNameIsFollowedWithAWarning) {
  const std::string lines = "metric: {name: atlas/accuracy, goal: minimize}\n";
  EXPECT_EQ(GoalWith(lines), Goal::kMinimize);
  EXPECT_EQ(Warnings(lines),
            "a.yaml:3:38: warning: arms will be called better the lower their atlas/accuracy is\n"
            "  metric: {name: atlas/accuracy, goal: minimize}\n"
            "                                       ^\n"
            "  expected goal: maximize, which is what it is without a goal\n");
}

TEST(Goal, OfABasesMetricIsNotThatOfAnother) {
  const RecipeFolder folder;
  folder.Write("base.yaml", kBase + "metric: {name: validation/loss, goal: minimize}\n");
  folder.Write("a.yaml", "name: a\nextends: base.yaml\nmetric: atlas/accuracy\n");
  folder.Write("b.yaml", "name: b\nextends: base.yaml\n");
  EXPECT_EQ(folder.Load("a.yaml").metric.goal, Goal::kMaximize);
  EXPECT_EQ(folder.Warnings("a.yaml"), "");
  EXPECT_EQ(folder.Load("b.yaml", {"metric=atlas/accuracy"}).metric.goal, Goal::kMaximize);
  EXPECT_EQ(
      folder.Load("b.yaml", {"metric.goal=maximize", "metric=train/gradient_norm"}).metric.goal,
      Goal::kMaximize);
}

TEST(MetricChecks, LossesOfUnlikeTokensAreNotCompared) {
  const std::string arms = "arms: [{name: x}, {name: y, data.tokenizer: bpe}]\n";
  EXPECT_EQ(Warnings(arms),
            "a.yaml:3:29: warning: validation/loss is a mean over tokens, and not all arms have "
            "the same: arm \"y\" against \"x\"\n"
            "  arms: [{name: x}, {name: y, data.tokenizer: bpe}]\n"
            "                              ^\n"
            "  expected metric: validation/bits_per_byte, which compares over tokenizers\n");
  EXPECT_EQ(Warnings("metric: validation/bits_per_byte\n" + arms), "");
  EXPECT_EQ(Warnings("metric: atlas/accuracy\n" + arms), "");
}

TEST(MetricChecks, LossesOfUnlikeTextAreNotCompared) {
  const std::string arms = "arms: [{name: x}, {name: y, data.held_out: 0.1}]\n";
  EXPECT_EQ(Warnings("metric: validation/bits_per_byte\n" + arms),
            "a.yaml:4:29: warning: validation/bits_per_byte is measured on unlike text: arm \"y\" "
            "against \"x\"\n"
            "  arms: [{name: x}, {name: y, data.held_out: 0.1}]\n"
            "                              ^\n"
            "  expected data.validation sources that all arms have in common\n");
  EXPECT_EQ(Warnings("arms: [{name: x}, {name: y, data.train.0.weight: 2}]\n"), "");
  EXPECT_TRUE(
      Says(Warnings("metric: train/loss\narms: [{name: x}, {name: y, data.held_out: 0.1}]\n"),
           "train/loss is measured on unlike text"));
}

}  // namespace
}  // namespace upcycle
