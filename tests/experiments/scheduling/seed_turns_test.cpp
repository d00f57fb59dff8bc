#include "experiments/scheduling/seed_turns.h"

#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

class SeedTurnsTest : public SchedulerTest {
 protected:
  SeedTurnsTest() {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "arms:\n"
        "  - {name: dense, upcycle: none}\n"
        "  - {name: moe, upcycle: copy}\n"
        "seeds: {until: decided, at_most: 5}\n");
    study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  }

  static int64_t TrainingsOf(const FakeExecutor& executor, const Study& study, size_t arm) {
    int64_t count = 0;
    for (const Study::Run& run : study.runs) {
      if (run.arm != arm) continue;
      count += std::ranges::count(executor.started, run.stages.at(StageRole::kTrain));
    }
    return count;
  }
};

// Every pretended run has the same loss: identical after three seeds.
TEST_F(SeedTurnsTest, EndWhereEveryArmIsDecided) {
  FakeExecutor executor;
  const StudyOutcome outcome = Run(executor);
  EXPECT_EQ(outcome.failed + outcome.skipped, 0);
  EXPECT_EQ(outcome.unneeded, 2 * 2 + 2 * 3);
  EXPECT_EQ(TrainingsOf(executor, study_, 0), 3);
  EXPECT_EQ(TrainingsOf(executor, study_, 1), 3);
  EXPECT_EQ(Facts(StageOf(1, 4, StageRole::kTrain)).state, StageState::kPlanned);
  EXPECT_EQ(Facts(StageOf(1, 4, StageRole::kTrain)).reason, "not needed: identical after 3 seeds");

  FakeExecutor again;
  EXPECT_EQ(Run(again).unneeded, outcome.unneeded);
  EXPECT_TRUE(again.started.empty());
}

// What was lost is not asked for again and again, and the baseline gets no seeds for nobody.
TEST_F(SeedTurnsTest, AskNoMoreOfAnArmThatFailed) {
  FakeExecutor executor;
  executor.fates[StageOf(1, 1, StageRole::kTrain)] = {Fate::kDiverge};
  const StudyOutcome outcome = Run(executor, {.jobs = 2, .cores = 4, .keep_going = true});
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_LE(TrainingsOf(executor, study_, 1), 3);
  EXPECT_LE(TrainingsOf(executor, study_, 0), 3);
}

}  // namespace
}  // namespace upcycle
