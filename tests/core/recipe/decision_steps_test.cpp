#include "core/recipe/decision_steps.h"

#include <gtest/gtest.h>

#include "core/recipe/cost.h"

namespace upcycle {
namespace {

RunSettings ArmOf(int64_t steps, int64_t validate_every) {
  RunSettings arm;
  arm.train.validate_every = validate_every;
  arm.train.tokens = steps * arm.train.batch_sequences * arm.model.sequence_length;
  EXPECT_EQ(TrainSteps(arm.train, arm.model), steps);
  return arm;
}

TEST(DecisionSteps, AreTheValidationsNearestToSharesOfTheTraining) {
  const EarlyStoppingSettings settings = {.first = 0.1};
  EXPECT_EQ(DecisionSteps(ArmOf(1000, 10), settings), (std::vector<int64_t>{100, 200, 400, 800}));
  EXPECT_EQ(DecisionSteps(ArmOf(970, 50), settings), (std::vector<int64_t>{100, 200, 400, 800}));
  EXPECT_EQ(DecisionSteps(ArmOf(1000, 10), {.first = 0.3}), (std::vector<int64_t>{300, 600}));
}

TEST(DecisionSteps, AreNoneWhereValidationsAreTooFarApart) {
  EXPECT_TRUE(DecisionSteps(ArmOf(1000, 0), {}).empty());
  EXPECT_TRUE(DecisionSteps(ArmOf(1000, 900), {.first = 0.1}).empty());
  EXPECT_TRUE(DecisionSteps(ArmOf(1000, 300), {.first = 0.1}).empty());
}

}  // namespace
}  // namespace upcycle
