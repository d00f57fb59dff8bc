#include "results/plots/training_axis.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

// Steps of 4 sequences of 10 tokens, at 6 FLOPs a token.
ArmFacts ArmOf(const char* train = R"({"batch_sequences": 4})") {
  ArmFacts arm;
  arm.name = "arm";
  arm.settings = std::string(R"({"model": {"sequence_length": 10}, "train": )") + train + "}";
  arm.cost.train_tokens = 1000;
  arm.cost.train_flops = 6000;
  return arm;
}

TEST(TrainingAxis, CountsStepsTokensAndFlops) {
  EXPECT_EQ(TrainingAxis(ArmOf(), Against::kSteps).At(7), 7);
  EXPECT_EQ(TrainingAxis(ArmOf(), Against::kTokens).At(7), 280);
  EXPECT_EQ(TrainingAxis(ArmOf(), Against::kFlops).At(7), 1680);
}

TEST(TrainingAxis, KnowsThatABatchGrows) {
  const ArmFacts arm = ArmOf(R"({"batch_sequences": 4, "batch_ramp": {"start_sequences": 2,
                                 "increment_sequences": 2, "tokens": 60}})");
  const TrainingAxis axis(arm, Against::kTokens);
  EXPECT_EQ(axis.At(3), 60);
  EXPECT_EQ(axis.At(4), 100);
}

TEST(TrainingAxis, AddsUpTheTimeOfIntervals) {
  TrainingAxis axis(ArmOf(), Against::kTime);
  EXPECT_TRUE(std::isnan(axis.At(5))) << "nothing is known yet";
  axis.SetRates({{10, 40}, {20, 80}});  // 400 tokens in 10 s, then as many in 5 s
  EXPECT_EQ(axis.At(0), 0);
  EXPECT_EQ(axis.At(5), 5);
  EXPECT_EQ(axis.At(10), 10);
  EXPECT_EQ(axis.At(20), 15);
  EXPECT_EQ(axis.At(30), 20) << "as fast as at last";
}

TEST(TrainingAxis, RefusesSettingsThatDoNotSayHowLargeBatchesAre) {
  ArmFacts arm = ArmOf();
  arm.settings = "{}";
  EXPECT_EQ(TrainingAxis(arm, Against::kSteps).At(3), 3);
  EXPECT_TRUE(Says(MessageOf([&] { TrainingAxis(arm, Against::kTokens); }),
                   "plot it with --against steps"));
}

}  // namespace
}  // namespace upcycle
