#include "experiments/study/budget.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr MachineRate kRate = {.flops_per_core_second = 1e9, .cores = 2};

StudyCost OfHours(double hours) { return {.core_seconds = 3600 * hours}; }

TEST(Budget, OfNothingIsNoLimit) { EXPECT_EQ(DescribeExcess({}, OfHours(1e6)), ""); }

TEST(Budget, IsKeptUpToItsLimit) {
  EXPECT_EQ(DescribeExcess({.core_hours = 2}, OfHours(2)), "");
  EXPECT_EQ(DescribeExcess({.core_hours = 2}, OfHours(2.5)), "2.5 of budget.core_hours=2");
}

TEST(Budget, HasALimitForEachThingThatIsSpent) {
  const BudgetSettings budget = {
      .core_hours = 9, .gpu_hours = 1, .wall_hours = 1.5, .disk_gb = 0.5};
  const StudyCost cost = {.core_seconds = 3600,
                          .gpu_seconds = 2 * 3600,
                          .wall_seconds = 3 * 3600,
                          .disk_bytes = 4'000'000'000};
  EXPECT_EQ(DescribeExcess(budget, cost),
            "2 of budget.gpu_hours=1, 3 of budget.wall_hours=1.5, 4 of budget.disk_gb=0.5");
}

TEST(Budget, CountsWhatWasSpentToWhatIsLeft) {
  StudyForecast left;
  left.core_seconds = 5;
  left.disk_bytes = 7;
  const StudyCost cost = CostOf(left, {.core_seconds = 10, .disk_bytes = 1});
  EXPECT_EQ(cost.core_seconds, 15);
  EXPECT_EQ(cost.disk_bytes, 8);
}

// Two arms, the second of a lower priority, of four seeds.
class BudgetCutTest : public testing::Test {
 protected:
  BudgetCutTest() {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "parent: {train: {tokens: 100000}}\n"
        "train: {tokens: 300000}\n"
        "arms:\n"
        "  - {name: dense, upcycle: none}\n"
        "  - {name: moe, upcycle: copy, execution.priority: -1}\n"
        "seeds: 4\n");
    study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
    plan_ = PlanStages(study_, {}, folder_.path());
  }

  double HoursOfAll() { return ForecastStudy(study_, plan_, kRate).core_seconds / 3600; }

  double HoursWithout(const BudgetCut& cut) {
    auto rest = plan_;
    for (const auto& [stage, reason] : cut.stages) rest.at(stage).needed = false;
    return ForecastStudy(study_, rest, kRate).core_seconds / 3600;
  }

  std::vector<std::pair<std::string, int64_t>> Names(const BudgetCut& cut) {
    std::vector<std::pair<std::string, int64_t>> names;
    for (const size_t run : cut.runs) {
      names.emplace_back(study_.recipe.arms[study_.runs[run].arm].name, study_.runs[run].seed);
    }
    return names;
  }

  TemporaryFolder folder_;
  Study study_;
  std::map<Fingerprint, StagePlan> plan_;
};

TEST_F(BudgetCutTest, LeavesOutNothingOfWhatFits) {
  study_.recipe.budget.core_hours = 1.001 * HoursOfAll();
  const BudgetCut cut = CutToBudget(study_, plan_, kRate, {});
  EXPECT_TRUE(cut.runs.empty());
  EXPECT_TRUE(cut.stages.empty());
  EXPECT_EQ(cut.seeds, 4);
}

TEST_F(BudgetCutTest, BeginsWithTheLowestPriorityAndItsHighestSeed) {
  study_.recipe.budget.core_hours = 0.999 * HoursOfAll();
  const BudgetCut cut = CutToBudget(study_, plan_, kRate, {});
  EXPECT_EQ(Names(cut), (std::vector<std::pair<std::string, int64_t>>{{"moe", 3}}));
  EXPECT_EQ(cut.seeds, 3);
  EXPECT_LE(HoursWithout(cut), study_.recipe.budget.core_hours);
  for (const auto& [stage, reason] : cut.stages) {
    EXPECT_TRUE(reason.starts_with("left out to keep within budget.core_hours=")) << reason;
  }
  // What other runs need is made all the same.
  EXPECT_FALSE(cut.stages.contains(study_.runs[0].stages.at(StageRole::kParent)));
}

TEST_F(BudgetCutTest, TakesSeedsOfAllArmsTogetherWhereNoneIsPreferred) {
  for (Arm& arm : study_.recipe.arms) arm.settings.execution.priority = 0;
  study_.recipe.budget.core_hours = 0.6 * HoursOfAll();
  const BudgetCut cut = CutToBudget(study_, plan_, kRate, {});
  EXPECT_EQ(cut.runs.size() % 2, 0);
  EXPECT_EQ(cut.seeds, SeedsWithinBudget(study_, plan_, kRate, {}));
  EXPECT_GT(cut.seeds, 0);
  EXPECT_LT(cut.seeds, 4);
  for (const size_t run : cut.runs) EXPECT_GE(study_.runs[run].seed, cut.seeds);
}

TEST_F(BudgetCutTest, LeavesLessWhereMoreWasSpent) {
  for (Arm& arm : study_.recipe.arms) arm.settings.execution.priority = 0;
  study_.recipe.budget.core_hours = HoursOfAll();
  EXPECT_EQ(SeedsWithinBudget(study_, plan_, kRate, {}), 4);
  EXPECT_EQ(SeedsWithinBudget(study_, plan_, kRate, OfHours(0.01 * HoursOfAll())), 3);
  EXPECT_EQ(SeedsWithinBudget(study_, plan_, kRate, OfHours(HoursOfAll())), 0);
}

TEST_F(BudgetCutTest, CalibratedForecastsTakeTheStepsThatWereMeasured) {
  const StudyForecast forecast = ForecastStudy(study_, plan_, kRate);
  const Stage& training = study_.stages.at(forecast.costliest.value());
  const MachineRate rate = CalibratedRate(training, /*batches_per_second=*/8, kRate);
  const TrainOrder order = ReadTrainOrder(training);
  const double batches =
      static_cast<double>(PredictStage(training, 0).tokens) /
      static_cast<double>(order.train.batch_sequences * order.architecture.model.sequence_length);
  // Two cores took 8 batches a second.
  EXPECT_NEAR(PredictStage(training, rate.flops_per_core_second).core_seconds, 2 * batches / 8,
              1e-9 * batches);
}

}  // namespace
}  // namespace upcycle
