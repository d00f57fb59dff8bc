#include "experiments/bench/model_benchmark.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/experiments/run/training_fixture.h"

namespace upcycle {
namespace {

BenchmarkModel SmallModel(bool experts) { return {"small", SmallArchitecture(experts), 2}; }

BenchmarkOptions Quickly() {
  BenchmarkOptions options;
  options.seconds = 0.01;
  options.learning_steps = 3;
  options.matmul_size = 32;
  return options;
}

ModelFigures Measure(bool experts) {
  return MeasureModel(
      SmallModel(experts), [] { return MakeCpuBackend(1); }, Quickly(), [](const auto&) {});
}

TEST(ModelBenchmark, MeasuresEveryPartOfAModelWithExperts) {
  const ModelFigures figures = Measure(true);
  EXPECT_GT(figures.planned[0], 0);
  ASSERT_TRUE(figures.balanced.value) << figures.balanced.problem;
  ASSERT_TRUE(figures.learned.value) << figures.learned.problem;
  ASSERT_TRUE(figures.products.value) << figures.products.problem;
  ASSERT_TRUE(figures.matmul_flops.value) << figures.matmul_flops.problem;
  EXPECT_GT(figures.balanced.value->tokens_per_second, 0);
  EXPECT_GE(figures.balanced.value->balance->largest_over_mean, 1);
  EXPECT_EQ(figures.learned.value->steps_before, 3);
  EXPECT_GT(figures.products.value->Share(), 0);
  EXPECT_EQ(figures.taken_bytes.problem, "only a GPU's memory is asked for");
}

TEST(ModelBenchmark, GivesSharesOfTimeThatSumToOne) {
  const ModelFigures figures = Measure(false);
  ASSERT_TRUE(figures.ops.value) << figures.ops.problem;
  double sum = 0;
  for (const OpTime& op : figures.ops.value->ops) sum += op.share;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_GT(figures.ops.value->step_seconds, 0);
  EXPECT_EQ(figures.learned.problem, "no experts");
}

TEST(ModelBenchmark, GoesOnBehindAPartThatFails) {
  int made = 0;
  const ModelFigures figures = MeasureModel(
      SmallModel(true),
      [&] {
        // The plan and the matrix product, then the steps.
        if (++made == 2) throw Error(Cause::kMemory, "no memory left");
        return MakeCpuBackend(1);
      },
      Quickly(), [](const auto&) {});
  EXPECT_FALSE(figures.balanced.value);
  EXPECT_EQ(figures.balanced.problem, "no memory left");
  EXPECT_EQ(figures.taken_bytes.problem, "no steps were taken");
  EXPECT_TRUE(figures.learned.value) << figures.learned.problem;
}

TEST(ModelBenchmark, ReadsBalanceOffTheLoadsOfALayer) {
  const RoutingBalance balance = BalanceOf({{{.assigned = {6, 2, 0, 0}, .served = {3, 2, 0, 0}},
                                             {.assigned = {2, 2, 2, 2}, .served = {2, 2, 2, 2}}}});
  EXPECT_DOUBLE_EQ(balance.largest_over_mean, (3.0 + 1.0) / 2);
  EXPECT_DOUBLE_EQ(balance.dropped_share, 3.0 / 16);
}

// Llama-3-8B takes 4.744e14 FLOPs for a sequence of 8192 (see cost.h), and 1/16 of its layers, with
// 4096 rows of vocabulary, that much less.
TEST(ModelBenchmark, HoldsFlopsAgainstTheTimeOfAStepAndThePeak) {
  BenchmarkModel model = GpuBenchmarkModels()[0];
  model.architecture.model.layers = 32;
  model.architecture.vocabulary = 128256;
  const StepFigures figures = FiguresOf(model, {.median_seconds = 1, .steps = 5}, std::nullopt);
  EXPECT_DOUBLE_EQ(figures.tokens_per_second, 8192);
  EXPECT_NEAR(figures.model_flops, 4.744e14, 0.001e14);
  EXPECT_DOUBLE_EQ(figures.served_flops, figures.model_flops);
  EXPECT_LT(figures.executed_flops, figures.model_flops);
  EXPECT_DOUBLE_EQ(Utilization(4.947e14, 989.4e12), 0.5);
  EXPECT_EQ(Utilization(4.947e14, 0), 0);
}

TEST(ModelBenchmark, CountsOnlyRowsThatWereServed) {
  const BenchmarkModel model = GpuBenchmarkModels()[1];
  const RoutingBalance half = {.largest_over_mean = 2, .dropped_share = 0.5};
  const StepTimes second = {.median_seconds = 1, .steps = 5};
  const StepFigures all = FiguresOf(model, second, RoutingBalance{1, 0});
  const StepFigures some = FiguresOf(model, second, half);
  EXPECT_DOUBLE_EQ(all.served_flops, all.model_flops);
  EXPECT_DOUBLE_EQ(some.model_flops, all.model_flops);
  // Two layers of two experts a token, of three matrices each, forward and backward.
  const double experts = 6.0 * 8192 * 2 * 2 * 3 * 4096 * 14336;
  EXPECT_NEAR(all.served_flops - some.served_flops, experts / 2, experts * 1e-9);
}

TEST(StepBenchmark, DrawsTokensByTheLawOfZipf) {
  Architecture a = SmallArchitecture(false);
  a.vocabulary = 4;
  const auto backend = MakeCpuBackend(1);
  BenchmarkTraining training(*backend, a, 2, TokenDraw::kZipf);
  const double loss = training.Step().loss;
  EXPECT_TRUE(std::isfinite(loss));
  int64_t first = 0;
  for (int32_t token : training.drawn_tokens()) first += token == 0;
  const double share =
      static_cast<double>(first) / static_cast<double>(training.drawn_tokens().size());
  EXPECT_NEAR(share, 1 / (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4), 0.01);
}

}  // namespace
}  // namespace upcycle
