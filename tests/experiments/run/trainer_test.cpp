#include "experiments/run/trainer.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "tests/caught_error.h"
#include "tests/kernels/allocations.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr int64_t kLength = 16;

Architecture Small(bool experts) {
  Architecture a;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.kv_heads = 2;
  a.model.ffn_width = 48;
  a.model.sequence_length = kLength;
  a.vocabulary = 32;
  a.has_experts = experts;
  a.moe.expansion = 4;
  a.moe.capacity_factor = {1.0};
  return a;
}

TrainSettings Settings() {
  TrainSettings s;
  s.batch_sequences = 8;
  s.learning_rate.peak = 1e-2;
  s.learning_rate.warmup_steps = 2;
  return s;
}

// Sequences that count upwards from a random start: easy to learn.
void FillCounting(int64_t first, int64_t count, std::span<int32_t> tokens,
                  std::span<int32_t> targets) {
  const RandomStream stream(1, "starts");
  for (int64_t i = 0; i < count; ++i) {
    const auto start = static_cast<int32_t>(stream.Below(static_cast<uint64_t>(first + i), 32));
    for (int32_t t = 0; t < kLength; ++t) {
      tokens[static_cast<size_t>(i * kLength + t)] = (start + t) % 32;
      targets[static_cast<size_t>(i * kLength + t)] = (start + t + 1) % 32;
    }
  }
}

struct Fixture {
  Fixture(const Architecture& architecture, const TrainSettings& settings, int threads)
      : backend(MakeCpuBackend(threads)),
        model(*backend, architecture,
              {settings.MicroBatchSequences(), kLength,
               settings.batch_sequences / settings.MicroBatchSequences()},
              Purpose::kTrain),
        trainer(model, settings, Schedule(settings.learning_rate, 100, 0), 100, FillCounting) {
    model.parameters().Initialize(*backend, 5);
  }

  std::vector<float> Weights() {
    std::vector<float> all;
    for (const auto& span : model.parameters().spans()) {
      all.insert(all.end(), span.values.floats(), span.values.floats() + span.values.size());
    }
    return all;
  }

  std::unique_ptr<Backend> backend;
  Transformer model;
  Trainer trainer;
};

TEST(Trainer, LearnsToCountDenseAndWithExperts) {
  for (bool experts : {false, true}) {
    Fixture fixture(Small(experts), Settings(), 1);
    const double first = fixture.trainer.Step().loss;
    double last = first;
    for (int i = 0; i < 60; ++i) last = fixture.trainer.Step().loss;
    EXPECT_NEAR(first, std::log(32), 0.2);
    EXPECT_LT(last, 0.3) << "experts: " << experts;
  }
}

TEST(Trainer, GivesEqualBitsForAnyNumberOfThreads) {
  for (bool experts : {false, true}) {
    TrainSettings settings = Settings();
    settings.micro_batch_sequences = 4;
    Fixture one(Small(experts), settings, 1);
    for (int threads : {2, 3}) {
      Fixture many(Small(experts), settings, threads);
      one.trainer.set_step(0);
      one.model.parameters().Initialize(*one.backend, 5);
      for (const auto& span : one.model.parameters().spans()) {
        one.backend->Zero(span.m);
        one.backend->Zero(span.v);
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

TEST(Trainer, AllocatesNothingInAStep) {
  if (!CountsAllocations()) GTEST_SKIP() << "the sanitizer has its own malloc";
  for (bool experts : {false, true}) {
    Fixture fixture(Small(experts), Settings(), 2);
    for (int i = 0; i < 3; ++i) fixture.trainer.Step();
    const int64_t before = AllocationsSoFar();
    for (int i = 0; i < 5; ++i) fixture.trainer.Step();
    EXPECT_EQ(AllocationsSoFar() - before, 0) << "experts: " << experts;
  }
}

TEST(Trainer, SplittingABatchChangesADenseStepByRoundingAlone) {
  TrainSettings split = Settings();
  split.micro_batch_sequences = 2;
  Fixture whole(Small(false), Settings(), 1), parts(Small(false), split, 1);
  for (int i = 0; i < 3; ++i) {
    const StepReport a = whole.trainer.Step(), b = parts.trainer.Step();
    EXPECT_NEAR(a.loss, b.loss, 1e-4);
    EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 1e-4 * a.gradient_norm);
  }
}

TEST(Trainer, StopsWithTheCauseAndTheOldWeightsWhenTheLossIsNotFinite) {
  Fixture fixture(Small(true), Settings(), 1);
  fixture.trainer.Step();
  float* values = fixture.model.parameters().pieces().back().value.floats();
  values[0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> before = fixture.Weights();
  EXPECT_TRUE(
      Says(MessageOf([&] { fixture.trainer.Step(); }, Cause::kDiverged), "learning_rate.peak"));
  const std::vector<float> after = fixture.Weights();
  EXPECT_EQ(std::memcmp(before.data(), after.data(), before.size() * sizeof(float)), 0);
  EXPECT_EQ(fixture.trainer.step(), 1);
}

}  // namespace
}  // namespace upcycle
