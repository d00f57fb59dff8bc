#include "core/recipe/batch_plan.h"

#include <gtest/gtest.h>

#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/effective.h"

namespace upcycle {
namespace {

ModelSettings Length(int64_t tokens) {
  ModelSettings model;
  model.sequence_length = tokens;
  return model;
}

TrainSettings Ramp(int64_t start, int64_t increment, int64_t batch, int64_t tokens) {
  TrainSettings train;
  train.batch_sequences = batch;
  train.batch_ramp = {start, increment, tokens};
  return train;
}

// What the ramp means, sequence by sequence: before a step `consumed` tokens were read.
int64_t Reference(const TrainSettings& train, int64_t consumed) {
  const BatchRampSettings& ramp = train.batch_ramp;
  const double sizes = static_cast<double>((train.batch_sequences - ramp.start_sequences) /
                                           ramp.increment_sequences);
  if (consumed >= ramp.tokens) return train.batch_sequences;
  const double passed = static_cast<double>(consumed) * sizes / static_cast<double>(ramp.tokens);
  return ramp.start_sequences + static_cast<int64_t>(passed) * ramp.increment_sequences;
}

TEST(BatchPlan, WithoutARampIsOneBatchThroughout) {
  TrainSettings train;
  train.batch_sequences = 6;
  const BatchPlan plan(train, Length(10));
  for (int64_t step : {0, 1, 1000000}) {
    EXPECT_EQ(plan.SequencesOf(step), 6);
    EXPECT_EQ(plan.FirstSequenceOf(step), 6 * step);
  }
  EXPECT_EQ(plan.StepsIn(599), 9);
  EXPECT_EQ(plan.StepsIn(600), 10);
  EXPECT_EQ(plan.TokensOf(10), 600);
}

// 2, 4 and 6 sequences for a third of 240 tokens each, which are 8 sequences of 10.
TEST(BatchPlan, GrowsAtEqualDistancesOverTheTokensOfTheRamp) {
  const BatchPlan plan(Ramp(2, 2, 8, 240), Length(10));
  std::vector<int64_t> sizes;
  for (int64_t step = 0; step < 10; ++step) sizes.push_back(plan.SequencesOf(step));
  EXPECT_EQ(sizes, (std::vector<int64_t>{2, 2, 2, 2, 4, 4, 6, 6, 8, 8}));
}

TEST(BatchPlan, IsWhatTheRampSaysOfEveryStep) {
  for (const TrainSettings& train :
       {Ramp(2, 2, 8, 240), Ramp(1, 1, 17, 1000), Ramp(4, 12, 64, 999), Ramp(16, 16, 32, 5),
        Ramp(1, 7, 8, 7777), Ramp(8, 4, 8, 100), Ramp(1, 1, 64, 300)}) {
    const BatchPlan plan(train, Length(10));
    int64_t sequence = 0;
    for (int64_t step = 0; step < 400; ++step) {
      ASSERT_EQ(plan.FirstSequenceOf(step), sequence) << step;
      ASSERT_EQ(plan.SequencesOf(step), Reference(train, sequence * 10)) << step;
      sequence += plan.SequencesOf(step);
    }
  }
}

TEST(BatchPlan, CountsTheStepsThatTokensMakeWhole) {
  const BatchPlan plan(Ramp(2, 2, 8, 240), Length(10));
  for (int64_t steps = 1; steps < 30; ++steps) {
    EXPECT_EQ(plan.StepsIn(plan.TokensOf(steps)), steps);
    EXPECT_EQ(plan.StepsIn(plan.TokensOf(steps) - 1), steps - 1);
  }
}

TEST(BatchPlan, TakesTokensAsManyAsThereCanBe) {
  const BatchPlan plan(Ramp(1, 1, 1 << 20, int64_t{1} << 49), Length(8192));
  EXPECT_EQ(plan.SequencesOf(0), 1);
  EXPECT_EQ(plan.SequencesOf(int64_t{1} << 40), 1 << 20);
}

TEST(TrainTokens, OfARampAreThoseOfItsSteps) {
  TrainSettings train = Ramp(2, 2, 8, 240);
  train.tokens = 300;
  // 4·2 + 2·4 + 2·6 = 28 sequences, and 8 more would be 360 tokens.
  EXPECT_EQ(TrainSteps(train, Length(10)), 8);
  EXPECT_EQ(TrainTokens(train, Length(10)), 280);
}

TEST(BatchRamp, IsNoPartOfAnIdentityWhereThereIsNone) {
  EXPECT_FALSE(ResultSettings(TrainSettings{}).contains("batch_ramp"));
  EXPECT_EQ(ResultSettings(Ramp(2, 2, 8, 240)).at("batch_ramp"),
            (nlohmann::json{{"start_sequences", 2}, {"increment_sequences", 2}, {"tokens", 240}}));
  RunSettings without, unused;
  unused.train.batch_ramp = {0, 4, 100};
  EXPECT_TRUE(Differences(EffectiveSettings(without), EffectiveSettings(unused)).empty());
}

TEST(BatchRamp, IsNotThatOfABranch) {
  RunSettings settings;
  settings.parent.train = Ramp(2, 2, 8, 240);
  EXPECT_FALSE(settings.BranchTraining().batch_ramp.IsOn());
  EXPECT_EQ(settings.BranchTraining().batch_sequences, 8);
}

}  // namespace
}  // namespace upcycle
