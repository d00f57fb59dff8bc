#include "core/recipe/match.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "core/recipe/cost.h"
#include "tests/core/recipe/recipe_folder.h"

namespace upcycle {
namespace {

const std::string kBase =
    "name: a\ndata: {train: [{kind: atlas}]}\nupcycle: none\n"
    "arms: [{name: dense}, {name: moe, upcycle: copy}, {name: half, upcycle: copy, "
    "moe.capacity_factor: 0.5}, {name: wide, upcycle: copy, moe.capacity_factor: 3}]\n";

double Amount(const Recipe& recipe, size_t arm, MatchOn on) {
  const RunSettings& settings = recipe.arms[arm].settings;
  return AmountPerToken(settings, on) * static_cast<double>(settings.train.tokens);
}

TEST(Match, SolvesTokensForEqualTrainFlops) {
  const Recipe recipe = LoadText(kBase + "train: {tokens: 10M}\nmatch: train_flops\n");
  for (size_t i = 0; i < recipe.arms.size(); ++i) {
    EXPECT_EQ(recipe.arms[i].settings.train.tokens % 2048, 0);
    EXPECT_EQ(recipe.budgets[i].tokens, recipe.arms[i].settings.train.tokens);
    EXPECT_NEAR(Amount(recipe, i, MatchOn::kTrainFlops) / Amount(recipe, 0, MatchOn::kTrainFlops),
                1, 0.0002);
  }
  EXPECT_EQ(recipe.arms[0].settings.train.tokens, 10000000 / 2048 * 2048);
  // Half of the assignments of a top-2 layer cost as much as the dense MLP but for the router.
  const double dense = CostOf(recipe.arms[0].settings).TrainFlops();
  const double half = CostOf(recipe.arms[2].settings).TrainFlops();
  EXPECT_NEAR(half / dense - 1, 3 * 2 * 4 * 8 * 128 / dense, 1e-12);
}

TEST(Match, CountsServedOrPaddedRows) {
  const Recipe served = LoadText(kBase + "train: {tokens: 10M}\nmatch: train_flops\n");
  const Recipe padded = LoadText(kBase + "train: {tokens: 10M}\nmatch: padded_train_flops\n");
  EXPECT_EQ(served.arms[3].settings.train.tokens, served.arms[1].settings.train.tokens);
  EXPECT_LT(padded.arms[3].settings.train.tokens, padded.arms[1].settings.train.tokens);
  EXPECT_EQ(padded.arms[1].settings.train.tokens, served.arms[1].settings.train.tokens);
}

TEST(Match, OfTokensRoundsToWholeBatches) {
  const Recipe recipe = LoadText(
      "name: a\ndata: {train: [{kind: atlas}]}\nmatch: {on: train_tokens, tolerance: 1%}\n"
      "train: {tokens: 1M}\narms: [{name: x}, {name: y, train.batch_sequences: 24}]\n");
  EXPECT_EQ(recipe.arms[0].settings.train.tokens, 488 * 2048);
  EXPECT_EQ(recipe.arms[1].settings.train.tokens, 325 * 3072);
  EXPECT_NEAR(recipe.budgets[1].mismatch, 325.0 * 3072 / (488 * 2048) - 1, 1e-12);
}

TEST(Match, OfARampRoundsToItsOwnSteps) {
  const Recipe recipe = LoadText(
      "name: a\ndata: {train: [{kind: atlas}]}\nmatch: {on: train_tokens, tolerance: 5%}\n"
      "train: {tokens: 100k}\narms: [{name: x}, {name: y, train.micro_batch_sequences: 4, "
      "train.batch_ramp: {start_sequences: 4, increment_sequences: 4, tokens: 20k}}]\n");
  const int64_t reference = 48 * 2048;
  EXPECT_EQ(recipe.arms[0].settings.train.tokens, reference);
  const RunSettings& ramp = recipe.arms[1].settings;
  const int64_t steps = TrainSteps(ramp.train, ramp.model);
  EXPECT_EQ(TrainTokens(ramp.train, ramp.model), ramp.train.tokens);
  EXPECT_LE(std::abs(ramp.train.tokens - reference), 1024);
  EXPECT_GT(steps, 48);
}

TEST(Match, LeavesTokensAloneWhereNothingIsMatched) {
  const Recipe recipe = LoadText(kBase + "train: {tokens: 1000000}\n");
  EXPECT_EQ(recipe.arms[1].settings.train.tokens, 1000000);
  EXPECT_EQ(recipe.budgets[1].tokens, 488 * 2048);
  EXPECT_GT(recipe.budgets[1].mismatch, 0.1);
}

TEST(Match, RefusesAnArmBeyondTheToleranceAndSaysHowToMendIt) {
  const std::string text =
      "name: a\ndata: {train: [{kind: atlas}]}\narms: [{name: x}, {name: y, upcycle: copy}]\n"
      "match: {on: train_flops, tolerance: 0.5%}\nallow: untuned_rate\n";
  EXPECT_EQ(
      MistakesIn(text + "train: {tokens: 100k}\n"),
      "a.yaml:4:1: error: in whole batches arm \"y\" differs from the baseline's train_flops by "
      "0.994%, more than the tolerance of 0.5%\n"
      "  match: {on: train_flops, tolerance: 0.5%}\n"
      "  ^\n"
      "  expected train.tokens of at least 325632, or match.tolerance of at least 1%\n");
  EXPECT_EQ(MistakesIn(text + "train: {tokens: 325632}\n"), "");
}

TEST(Match, GivesEveryArmABatch) {
  ArmSet set;
  set.arms.resize(2);
  set.arms[0].settings.train.tokens = 2048;
  set.arms[1].settings.upcycle.method = UpcycleMethod::kCopy;
  set.arms[1].settings.moe.top_k = 8;
  const std::vector<ArmBudget> budgets = MatchTokens(set, MatchOn::kTrainFlops);
  EXPECT_EQ(budgets[1].tokens, 2048);
  EXPECT_GT(budgets[1].mismatch, 1);
}

}  // namespace
}  // namespace upcycle
