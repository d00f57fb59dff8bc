// Trainings of the families whose layers are other than Llama's, by what sets them apart.
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/experiments/model/family_cases.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/kernels/allocations.h"

namespace upcycle {
namespace {

class FamilyTraining : public testing::TestWithParam<FamilyCase> {
 protected:
  Architecture architecture() const { return GetParam().architecture(); }
};

INSTANTIATE_TEST_SUITE_P(, FamilyTraining, testing::ValuesIn(kFamilyCases),
                         [](const auto& each) { return each.param.name; });

TEST_P(FamilyTraining, LearnsToCount) {
  SmallTrainer fixture(MakeCpuBackend(1), architecture(), SmallTraining());
  const double first = fixture.trainer.Step().loss;
  double last = first;
  for (int i = 0; i < 60; ++i) last = fixture.trainer.Step().loss;
  EXPECT_NEAR(first, std::log(32), 0.3);
  EXPECT_LT(last, 0.4);
}

TEST_P(FamilyTraining, GivesEqualBitsForAnyNumberOfThreads) {
  SmallTrainer one(MakeCpuBackend(1), architecture(), SmallTraining());
  for (int i = 0; i < 4; ++i) one.trainer.Step();
  const std::vector<float> expected = one.Weights();
  for (int threads : {2, 3}) {
    SmallTrainer many(MakeCpuBackend(threads), architecture(), SmallTraining());
    for (int i = 0; i < 4; ++i) many.trainer.Step();
    EXPECT_EQ(many.Weights(), expected) << threads << " threads";
  }
}

TEST_P(FamilyTraining, GivesEqualBitsWhateverIsComputedAgain) {
  SmallTrainer kept(MakeCpuBackend(2), architecture(), SmallTraining());
  for (int i = 0; i < 3; ++i) kept.trainer.Step();
  const std::vector<float> expected = kept.Weights();
  for (Recompute level : {Recompute::kCheap, Recompute::kMlp, Recompute::kLayers}) {
    SmallTrainer again(MakeCpuBackend(2), architecture(), SmallTraining(), {.recompute = level});
    for (int i = 0; i < 3; ++i) again.trainer.Step();
    EXPECT_EQ(again.Weights(), expected) << NameOf(level);
  }
}

TEST_P(FamilyTraining, TakesLessMemoryForEachLevelOfComputingAgain) {
  Architecture deep = architecture();
  deep.model.layers = 6;
  ModelBuild build = {.limits = {8, kCountingLength}};
  int64_t before = std::numeric_limits<int64_t>::max();
  for (const auto& level : EnumNames<Recompute>::values) {
    build.recompute = level.value;
    const MemoryBytes bytes = Transformer::PlanMemory(deep, build);
    const int64_t total = std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
    EXPECT_LT(total, before) << level.name;
    before = total;
  }
}

TEST_P(FamilyTraining, AllocatesNothingInAStep) {
  if (!CountsAllocations()) GTEST_SKIP() << "the sanitizer has its own malloc";
  SmallTrainer fixture(MakeCpuBackend(2), architecture(), SmallTraining());
  for (int i = 0; i < 3; ++i) fixture.trainer.Step();
  const int64_t before = AllocationsSoFar();
  for (int i = 0; i < 5; ++i) fixture.trainer.Step();
  EXPECT_EQ(AllocationsSoFar() - before, 0);
}

TEST_P(FamilyTraining, GoesOnFromACheckpointToTheBit) {
  SmallTrainer undisturbed(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer first(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer second(MakeCpuBackend(1), architecture(), SmallTraining());
  for (int i = 0; i < 4; ++i) undisturbed.trainer.Step();
  for (int i = 0; i < 2; ++i) first.trainer.Step();
  MoveTraining(first, second);
  for (int i = 0; i < 2; ++i) second.trainer.Step();
  EXPECT_EQ(second.Weights(), undisturbed.Weights());
}

// What every weight is for shows in its gradient.
TEST_P(FamilyTraining, MovesEveryPart) {
  SmallTrainer fixture(MakeCpuBackend(1), architecture(), SmallTraining());
  std::vector<std::vector<float>> before;
  for (const auto& piece : fixture.model.parameters().pieces()) {
    before.emplace_back(piece.value.floats(), piece.value.floats() + piece.value.size());
  }
  for (int i = 0; i < 3; ++i) fixture.trainer.Step();
  for (size_t p = 0; p < before.size(); ++p) {
    const auto& piece = fixture.model.parameters().pieces()[p];
    const std::vector<float> after(piece.value.floats(), piece.value.floats() + piece.value.size());
    EXPECT_NE(after, before[p]) << PartName(piece.part, architecture());
  }
}

}  // namespace
}  // namespace upcycle
