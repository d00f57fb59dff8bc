#include "experiments/run/trainer.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/kernels/allocations.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(Trainer, LearnsToCountDenseAndWithExperts) {
  for (bool experts : {false, true}) {
    SmallTrainer fixture(MakeCpuBackend(1), SmallArchitecture(experts), SmallTraining());
    const double first = fixture.trainer.Step().loss;
    double last = first;
    for (int i = 0; i < 60; ++i) last = fixture.trainer.Step().loss;
    EXPECT_NEAR(first, std::log(32), 0.2);
    EXPECT_LT(last, 0.3) << "experts: " << experts;
  }
}

TEST(Trainer, GivesEqualBitsForAnyNumberOfThreads) {
  for (bool experts : {false, true}) {
    TrainSettings settings = SmallTraining();
    settings.micro_batch_sequences = 4;
    SmallTrainer one(MakeCpuBackend(1), SmallArchitecture(experts), settings);
    for (int threads : {2, 3}) {
      SmallTrainer many(MakeCpuBackend(threads), SmallArchitecture(experts), settings);
      one.trainer.set_step(0);
      one.model.parameters().Initialize(*one.backend, 5);
      for (const auto& span : one.model.parameters().spans()) {
        one.backend->Zero(span.moments.m);
        one.backend->Zero(span.moments.v);
      }
      for (int i = 0; i < 5; ++i) {
        const StepReport a = one.trainer.Step(), b = many.trainer.Step();
        EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0) << threads << " threads, step " << i;
      }
      const auto a = one.Weights(), b = many.Weights();
      EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << threads;
    }
  }
}

TEST(Trainer, GivesEqualBitsWhateverIsComputedAgain) {
  for (bool experts : {false, true}) {
    Architecture architecture = SmallArchitecture(experts);
    architecture.moe.layers.kind = LayerSelection::Kind::kEveryOther;
    SmallTrainer kept(MakeCpuBackend(2), architecture, SmallTraining());
    for (int i = 0; i < 3; ++i) kept.trainer.Step();
    const std::vector<float> expected = kept.Weights();
    for (Recompute level : {Recompute::kCheap, Recompute::kMlp, Recompute::kLayers}) {
      SmallTrainer again(MakeCpuBackend(2), architecture, SmallTraining(), {.recompute = level});
      for (int i = 0; i < 3; ++i) again.trainer.Step();
      EXPECT_EQ(again.Weights(), expected) << NameOf(level) << ", experts: " << experts;
    }
  }
}

TrainSettings RampedTraining() {
  TrainSettings settings = SmallTraining();  // 8 sequences of 16 tokens
  settings.micro_batch_sequences = 2;
  settings.batch_ramp = {.start_sequences = 2, .increment_sequences = 2, .tokens = 300};
  return settings;
}

TEST(Trainer, ReadsEverySampleOnceWhileItsBatchGrows) {
  const auto backend = MakeCpuBackend(1);
  const TrainSettings settings = RampedTraining();
  const Architecture architecture = SmallArchitecture(true);
  Transformer model(*backend, architecture, SmallTrainer::For(settings, {}));
  model.parameters().Initialize(*backend, 5);
  std::vector<int64_t> read;
  Trainer trainer(
      model, settings, Schedule(settings.learning_rate, 100, 0), 100, 7,
      [&](int64_t first, int64_t count, std::span<int32_t> tokens, std::span<int32_t> targets) {
        for (int64_t i = 0; i < count; ++i) read.push_back(first + i);
        FillCounting(first, count, tokens, targets);
      });
  std::vector<int64_t> tokens;
  for (int step = 0; step < 9; ++step) {
    trainer.Step();
    tokens.push_back(trainer.step_tokens());
    EXPECT_EQ(static_cast<int64_t>(trainer.loads().size()) * 2 * kCountingLength, tokens.back());
  }
  // A third of the ramp is 100 tokens: 2 sequences until 7 are read, 4 until 13, 6 until 19.
  EXPECT_EQ(tokens, (std::vector<int64_t>{32, 32, 32, 32, 64, 64, 96, 128, 128}));
  std::vector<int64_t> each(read.size());
  std::iota(each.begin(), each.end(), 0);
  EXPECT_EQ(read, each);
}

TEST(Trainer, GoesOnFromACheckpointInTheMidstOfARamp) {
  for (int64_t at : {3, 5, 7}) {
    Architecture architecture = SmallArchitecture(true);
    architecture.moe.router.balance_scope = BalanceScope::kGlobal;
    architecture.moe.router.bias_rate = 0.01;
    SmallTrainer undisturbed(MakeCpuBackend(1), architecture, RampedTraining());
    SmallTrainer stopped(MakeCpuBackend(1), architecture, RampedTraining());
    SmallTrainer resumed(MakeCpuBackend(2), architecture, RampedTraining());
    for (int i = 0; i < 9; ++i) undisturbed.trainer.Step();
    for (int64_t i = 0; i < at; ++i) stopped.trainer.Step();
    MoveTraining(stopped, resumed);
    for (int64_t i = at; i < 9; ++i) resumed.trainer.Step();
    EXPECT_EQ(resumed.Weights(), undisturbed.Weights()) << at;
  }
}

// Moments of any type lie in a checkpoint as float32 and come back to the bit.
TEST(Trainer, GoesOnFromACheckpointToTheBitHoweverMomentsAreHeld) {
  for (MomentType type : {MomentType::kFloat32, MomentType::kBFloat16, MomentType::kInt8}) {
    TrainSettings settings = SmallTraining();
    settings.optimizer.moments = type;
    SmallTrainer undisturbed(MakeCpuBackend(1), SmallArchitecture(true), settings);
    for (int i = 0; i < 6; ++i) undisturbed.trainer.Step();
    for (bool on_host : {false, true}) {
      const ModelBuild build = {.moments_on_host = on_host};
      SmallTrainer first(MakeCpuBackend(1), SmallArchitecture(true), settings, build);
      SmallTrainer second(MakeCpuBackend(1), SmallArchitecture(true), settings, build);
      for (int i = 0; i < 3; ++i) first.trainer.Step();
      MoveTraining(first, second);
      for (int i = 0; i < 3; ++i) second.trainer.Step();
      EXPECT_EQ(second.Weights(), undisturbed.Weights()) << NameOf(type) << ", " << on_host;
    }
  }
}

TEST(Trainer, TakesLessMemoryForMomentsOfFewerBitsAndNoneOfTheDeviceForThoseOnTheHost) {
  const auto bytes = [](MomentType type, bool on_host, MemoryCategory category) {
    Architecture architecture = SmallArchitecture(true);
    architecture.model.width = 1024;
    const MemoryBytes all =
        Transformer::PlanMemory(architecture, {.moments = type, .moments_on_host = on_host});
    return static_cast<double>(all[static_cast<size_t>(category)]);
  };
  const auto stage = double{4 << 20};  // of which moments are converted at a time
  const double weights = bytes(MomentType::kFloat32, false, MemoryCategory::kWeights);
  using enum MemoryCategory;
  EXPECT_NEAR(bytes(MomentType::kFloat32, false, kOptimizer), 2 * weights + stage, 1e3);
  EXPECT_NEAR(bytes(MomentType::kBFloat16, false, kOptimizer), weights + stage, 1e3);
  EXPECT_NEAR(bytes(MomentType::kInt8, false, kOptimizer), weights * 65 / 128 + stage, 1e3);
  EXPECT_NEAR(bytes(MomentType::kInt8, true, kHost), weights * 65 / 128, 1e3);
  EXPECT_NEAR(bytes(MomentType::kInt8, true, kOptimizer), stage, 1e3);
}

TEST(Trainer, TakesLessMemoryForEachLevelOfComputingAgain) {
  for (bool experts : {false, true}) {
    Architecture architecture = SmallArchitecture(experts);
    architecture.model.layers = 6;
    ModelBuild build = {.limits = {8, kCountingLength}};
    int64_t before = std::numeric_limits<int64_t>::max();
    for (const auto& level : EnumNames<Recompute>::values) {
      build.recompute = level.value;
      const MemoryBytes bytes = Transformer::PlanMemory(architecture, build);
      const int64_t total = std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
      EXPECT_LT(total, before) << level.name << ", experts: " << experts;
      before = total;
    }
  }
}

TEST(Trainer, AllocatesNothingInAStep) {
  if (!CountsAllocations()) GTEST_SKIP() << "the sanitizer has its own malloc";
  for (bool experts : {false, true}) {
    SmallTrainer fixture(MakeCpuBackend(2), SmallArchitecture(experts), SmallTraining());
    for (int i = 0; i < 3; ++i) fixture.trainer.Step();
    const int64_t before = AllocationsSoFar();
    for (int i = 0; i < 5; ++i) fixture.trainer.Step();
    EXPECT_EQ(AllocationsSoFar() - before, 0) << "experts: " << experts;
  }
}

TEST(Trainer, SplittingABatchChangesADenseStepByRoundingAlone) {
  TrainSettings split = SmallTraining();
  split.micro_batch_sequences = 2;
  SmallTrainer whole(MakeCpuBackend(1), SmallArchitecture(false), SmallTraining()),
      parts(MakeCpuBackend(1), SmallArchitecture(false), split);
  for (int i = 0; i < 3; ++i) {
    const StepReport a = whole.trainer.Step(), b = parts.trainer.Step();
    EXPECT_NEAR(a.loss, b.loss, 1e-4);
    EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 1e-4 * a.gradient_norm);
  }
}

TEST(Trainer, StopsWithTheCauseAndTheOldWeightsWhenTheLossIsNotFinite) {
  SmallTrainer fixture(MakeCpuBackend(1), SmallArchitecture(true), SmallTraining());
  fixture.trainer.Step();
  float* values = fixture.model.parameters().pieces().back().value.floats();
  values[0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> before = fixture.Weights();
  const std::string said = MessageOf([&] { fixture.trainer.Step(); }, Cause::kDiverged);
  EXPECT_TRUE(Says(said, "loss nan, gradient norm nan at"));
  EXPECT_TRUE(Says(said, "learning_rate.peak"));
  const std::vector<float> after = fixture.Weights();
  EXPECT_EQ(std::memcmp(before.data(), after.data(), before.size() * sizeof(float)), 0);
  EXPECT_EQ(fixture.trainer.step(), 1);
}

}  // namespace
}  // namespace upcycle
