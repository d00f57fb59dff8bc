// What `upcycle bench --orchestration` measures, on studies of a few runs.
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "experiments/bench/ledger_benchmark.h"
#include "experiments/bench/planning_benchmark.h"
#include "experiments/bench/scheduling_benchmark.h"
#include "experiments/bench/sweep.h"
#include "results/comparison/compare_study.h"
#include "results/ledger/ledger_reader.h"
#include "tests/experiments/scheduling/fake_executor.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class Orchestration : public testing::Test {
 protected:
  Study Sweep(const SweepSize& size) {
    const fs::path recipe = Put(folder_ / "sweep.yaml", SweepRecipe(size));
    auto [study, figures] = MeasurePlanning(recipe, {}, folder_.path());
    EXPECT_EQ(figures.runs, size.Runs());
    EXPECT_EQ(figures.stages, static_cast<int64_t>(study.order.size()));
    EXPECT_GT(figures.taken.wall_seconds, 0);
    return std::move(study);
  }

  TemporaryFolder folder_;
  StopSignals stop_;
};

TEST_F(Orchestration, SweepsAreOfTheSizeThatWasAskedFor) {
  EXPECT_EQ(Sweep({}).recipe.arms.size(), 1u);
  const Study study = Sweep({.rates = 3, .capacities = 2, .seeds = 4});
  EXPECT_EQ(study.recipe.arms.size(), 6u);
  EXPECT_EQ(study.recipe.seeds.size(), 4u);
}

TEST_F(Orchestration, SchedulesEveryStageOnce) {
  const Study study = Sweep({.rates = 2, .capacities = 2, .seeds = 2});
  FakeExecutor executor;
  const SchedulingFigures figures = MeasureScheduling(study, folder_ / "runs", executor, 2, stop_);
  EXPECT_EQ(figures.runs, 8);
  EXPECT_EQ(figures.processes, static_cast<int64_t>(executor.started.size()));
  EXPECT_GT(figures.taken.cpu_seconds, 0);
  for (const auto& [stage, state] : LedgerReader(folder_ / "runs/ledger.sqlite").StageStates()) {
    EXPECT_EQ(state, StageState::kComplete) << stage.Hex();
  }
}

TEST_F(Orchestration, MeasuresNothingWhereAStageFails) {
  const Study study = Sweep({});
  FakeExecutor executor;
  executor.fates[study.order.front()] = {FakeExecutor::Fate::kFail};
  try {
    MeasureScheduling(study, folder_ / "runs", executor, 2, stop_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kBug);
    EXPECT_TRUE(Says(error.what(), "6 of 6 stages without work were not done: told to"))
        << error.what();
  }
}

TEST_F(Orchestration, ReadsALedgerWhoseRunsAreCompleteAndDiffer) {
  const Study study = Sweep({.rates = 3, .capacities = 1, .seeds = 4});
  const fs::path path = folder_ / "ledger.sqlite";
  const LedgerFigures figures = MeasureLedger(study, path, /*points=*/20, stop_);
  EXPECT_EQ(figures.points, 12 * 20);
  EXPECT_GT(figures.bytes, 0);
  EXPECT_GT(figures.ingest.wall_seconds, 0);
  EXPECT_GT(figures.status.wall_seconds, 0);
  EXPECT_GT(figures.compare.wall_seconds, 0);

  LedgerReader ledger(path);
  const auto train = ledger.FindStage(study.runs.back().stages.at(StageRole::kTrain));
  EXPECT_EQ(ledger.ReadPoints(train->id, "train/loss").size(), 3u);  // of 20 in 8 series
  const Comparison comparison = CompareStudy(ledger, study.recipe.name);
  for (const ArmComparison& arm : comparison.arms) {
    EXPECT_EQ(arm.summaries.front().count, 4) << arm.name;
    if (arm.name == comparison.baseline) continue;
    ASSERT_TRUE(arm.judgement) << arm.name;
    EXPECT_FALSE(std::isnan(arm.judgement->adjusted_p)) << arm.name;
  }
}

}  // namespace
}  // namespace upcycle
