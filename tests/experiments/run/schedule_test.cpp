#include "experiments/run/schedule.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

LearningRateSettings Settings(ScheduleShape shape) {
  LearningRateSettings s;
  s.schedule = shape;
  s.peak = 1.0;
  s.minimum = 0.1;
  s.warmup_steps = 10;
  s.decay_share = 0.5;
  return s;
}

TEST(Schedule, WarmsUpInAStraightLineToThePeak) {
  for (const auto& entry : EnumNames<ScheduleShape>::values) {
    const Schedule schedule(Settings(entry.value), 110, 0);
    EXPECT_DOUBLE_EQ(schedule.At(0), 0.1) << entry.name;
    EXPECT_DOUBLE_EQ(schedule.At(4), 0.5) << entry.name;
    EXPECT_DOUBLE_EQ(schedule.At(9), 1.0) << entry.name;
  }
}

TEST(Schedule, DecaysReachTheMinimumAtTheLastStep) {
  using enum ScheduleShape;
  for (ScheduleShape shape : {kLinear, kCosine, kWarmupStableDecay}) {
    EXPECT_NEAR(Schedule(Settings(shape), 110, 0).Last(), 0.1, 1e-12) << NameOf(shape);
  }
  EXPECT_DOUBLE_EQ(Schedule(Settings(kConstant), 110, 0).Last(), 1.0);
}

TEST(Schedule, FollowsItsForm) {
  using enum ScheduleShape;
  // Half way through the decay: 60 of 110 steps done, 10 of them warm-up.
  EXPECT_NEAR(Schedule(Settings(kLinear), 110, 0).At(59), 0.55, 1e-12);
  EXPECT_NEAR(Schedule(Settings(kCosine), 110, 0).At(59), 0.55, 1e-12);
  EXPECT_NEAR(Schedule(Settings(kCosine), 110, 0).At(34), 0.1 + 0.45 * (1 + std::sqrt(0.5)), 1e-12);
  EXPECT_DOUBLE_EQ(Schedule(Settings(kWarmupStableDecay), 110, 0).At(59), 1.0);
  EXPECT_NEAR(Schedule(Settings(kWarmupStableDecay), 110, 0).At(84), 0.55, 1e-12);
  EXPECT_NEAR(Schedule(Settings(kInverseSquareRoot), 110, 0).At(39), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(Schedule(Settings(kInverseSquareRoot), 100000, 0).Last(), 0.1);
}

TEST(Schedule, ContinuesAtTheParentsRateWithoutWarmUp) {
  LearningRateSettings settings = Settings(ScheduleShape::kCosine);
  settings.start = ScheduleStart::kContinue;
  settings.minimum = 0.01;
  const Schedule schedule(settings, 100, 0.2);
  EXPECT_NEAR(schedule.At(0), 0.2, 1e-4);
  EXPECT_LT(schedule.At(0), 0.2);
  EXPECT_NEAR(schedule.Last(), 0.01, 1e-12);
  settings.schedule = ScheduleShape::kConstant;
  EXPECT_DOUBLE_EQ(Schedule(settings, 100, 0.2).At(0), 0.2);
}

TEST(Schedule, NeverLiesBelowAMinimumAboveTheContinuedRate) {
  LearningRateSettings settings = Settings(ScheduleShape::kLinear);
  settings.start = ScheduleStart::kContinue;
  EXPECT_DOUBLE_EQ(Schedule(settings, 100, 0.05).Last(), 0.05);
}

}  // namespace
}  // namespace upcycle
