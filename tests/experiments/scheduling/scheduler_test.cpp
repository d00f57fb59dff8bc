#include "experiments/scheduling/scheduler.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

TEST_F(SchedulerTest, DoesEveryStageOnceAndBehindItsInputs) {
  FakeExecutor executor;
  const StudyOutcome outcome = Run(executor);
  EXPECT_EQ(outcome.done, kStages);
  EXPECT_EQ(executor.started.size(), static_cast<size_t>(kStages));
  std::set<Fingerprint> done;
  for (const Fingerprint& stage : executor.started) {
    for (const Fingerprint& input : study_.stages.at(stage).inputs)
      EXPECT_TRUE(done.contains(input));
    EXPECT_TRUE(done.insert(stage).second);
  }
  EXPECT_EQ(executor.most_at_once, 2);
}

TEST_F(SchedulerTest, GivesAStageThatRunsAloneAllCores) {
  FakeExecutor executor;
  Run(executor);
  EXPECT_EQ(executor.threads[0], 4);  // tokens: nothing else can start
  EXPECT_EQ(executor.threads[1], 4);  // the parent
  EXPECT_EQ(std::count(executor.threads.begin(), executor.threads.end(), 2), kStages - 2);
}

// Notes what is queued and what begins.
class NotingObserver : public SilentObserver {
 public:
  void Started(const Fingerprint& stage, int64_t) override { ++started[stage]; }
  void Queued(const Fingerprint& stage, const std::string& reason) override {
    queued[stage].push_back(reason);
  }
  std::map<Fingerprint, int> started;
  std::map<Fingerprint, std::vector<std::string>> queued;
};

TEST_F(SchedulerTest, TakesWhatWaitsForItsTurnElsewhereForAliveAndSaysWhy) {
  FakeExecutor executor;
  const Fingerprint tokens = study_.order.front();
  executor.why_it_waits = [&](const Fingerprint& stage) -> std::optional<std::string> {
    if (stage != tokens || now_ > 20) return std::nullopt;
    return now_ < 10 ? "in a queue: Priority" : "in a queue: Resources";
  };
  NotingObserver observer;
  const StudyOutcome outcome = Run(executor, {.jobs = 2, .cores = 4, .lease_seconds = 5}, observer);
  EXPECT_EQ(outcome.done, kStages);
  EXPECT_EQ(Attempts(tokens).size(), 1u) << "it was not ended for its silence";
  EXPECT_EQ(observer.queued.at(tokens),
            (std::vector<std::string>{"in a queue: Priority", "in a queue: Resources"}));
  EXPECT_EQ(observer.started.at(tokens), 1);
  EXPECT_EQ(observer.queued.size(), 1u);
  EXPECT_EQ(Facts(tokens).state, StageState::kComplete);
}

TEST_F(SchedulerTest, SharesNothingAmongWhatRunsElsewhere) {
  FakeExecutor executor;
  executor.fates[study_.order.front()] = {Fate::kOutOfMemory};
  Run(executor, {.jobs = 20, .cores = 1, .threads_elsewhere = 8});
  EXPECT_EQ(std::count(executor.threads.begin(), executor.threads.end(), 8), kStages + 1);
  EXPECT_EQ(executor.devices.front(), "cpu") << "tokens have nothing for a GPU to do";
  EXPECT_EQ(executor.devices.back(), "auto") << "its node decides";
  EXPECT_GT(executor.most_at_once, 2);
}

TEST_F(SchedulerTest, GivesWhatComputesAGpuAndSharesItAsFarAsItsMemoryGoes) {
  FakeExecutor executor;
  Gpu gpu;
  gpu.free_bytes = 2 * kGpuContextBytes;  // one small stage and a little
  Run(executor, {.jobs = 4, .cores = 4, .machine = {.gpus = {gpu}}});
  EXPECT_EQ(executor.devices[0], "cpu");  // tokens
  EXPECT_EQ(std::count(executor.devices.begin(), executor.devices.end(), "cuda:0"), kStages - 1);
  EXPECT_EQ(executor.most_at_once, 1);
}

TEST_F(SchedulerTest, LetsStagesShareAGpuThatHasRoomForThem) {
  FakeExecutor executor;
  Gpu gpu;
  gpu.free_bytes = 100 * kGpuContextBytes;
  Run(executor, {.jobs = 4, .cores = 4, .machine = {.gpus = {gpu}}});
  EXPECT_EQ(executor.most_at_once, 4);
}

TEST_F(SchedulerTest, DoesNothingTheSecondTime) {
  FakeExecutor first, second;
  Run(first);
  const StudyOutcome outcome = Run(second);
  EXPECT_TRUE(second.started.empty());
  EXPECT_EQ(outcome.reused, kStages);
}

TEST_F(SchedulerTest, MakesAgainAnOutputThatWasRemovedOnlyWhereSomebodyReadsIt) {
  FakeExecutor first, second;
  Run(first);
  fs::remove_all(StageFolder(folder_.path(), StageOf(0, 0, StageRole::kParent)).model());
  Run(second);
  EXPECT_TRUE(second.started.empty());

  LedgerWriter(folder_ / "ledger.sqlite").Forget(StageOf(0, 1, StageRole::kTrain));
  fs::remove_all(StageFolder(folder_.path(), StageOf(0, 1, StageRole::kTrain)).path());
  FakeExecutor third;
  Run(third);
  EXPECT_EQ(third.started,
            (std::vector{StageOf(0, 1, StageRole::kParent), StageOf(0, 1, StageRole::kTrain)}));
}

TEST_F(SchedulerTest, MakesADamagedOutputAgainBeforeSomebodyReadsIt) {
  FakeExecutor first, second;
  Run(first);
  const Fingerprint parent = StageOf(0, 0, StageRole::kParent);
  Put(StageFolder(folder_.path(), parent).model() / "content", "another");
  LedgerWriter(folder_ / "ledger.sqlite").Forget(StageOf(0, 1, StageRole::kTrain));
  fs::remove_all(StageFolder(folder_.path(), StageOf(0, 1, StageRole::kTrain)).path());
  Run(second);
  EXPECT_EQ(second.started, (std::vector{parent, StageOf(0, 1, StageRole::kTrain)}));
}

TEST_F(SchedulerTest, StartsNothingMoreAfterAFailure) {
  FakeExecutor executor;
  executor.fates[StageOf(0, 0, StageRole::kParent)] = {Fate::kFail};
  const StudyOutcome outcome = Run(executor);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.skipped, kStages - 2);
  EXPECT_EQ(Facts(StageOf(0, 0, StageRole::kParent)).state, StageState::kFailed);
  const StageFacts waiting = Facts(StageOf(1, 0, StageRole::kStart));
  EXPECT_EQ(waiting.state, StageState::kWaiting);
  EXPECT_EQ(waiting.reason, "for parent, which failed: told to");
}

TEST_F(SchedulerTest, KeepsGoingWhereAsked) {
  FakeExecutor executor;
  executor.fates[StageOf(1, 0, StageRole::kTrain)] = {Fate::kDiverge};
  const StudyOutcome outcome = Run(executor, {.jobs = 1, .cores = 1, .keep_going = true});
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.skipped, 1);
  EXPECT_EQ(outcome.done, kStages - 2);
  EXPECT_EQ(Facts(StageOf(1, 0, StageRole::kTrain)).state, StageState::kDiverged);
}

TEST_F(SchedulerTest, TriesAFailedStageAgainTheNextTime) {
  FakeExecutor first, second;
  first.fates[StageOf(1, 0, StageRole::kTrain)] = {Fate::kFail};
  Run(first, {.jobs = 1, .cores = 1, .keep_going = true});
  const StudyOutcome outcome = Run(second);
  EXPECT_EQ(outcome.done, 2);
  EXPECT_EQ(second.started,
            (std::vector{StageOf(1, 0, StageRole::kTrain), StageOf(1, 0, StageRole::kEvaluate)}));
}

TEST_F(SchedulerTest, StopsWhenAskedAndSaysWhatWasNotStarted) {
  FakeExecutor executor;
  executor.on_start = [&](const Fingerprint& stage) {
    if (stage == StageOf(0, 0, StageRole::kParent)) raise(SIGTERM);
  };
  const StudyOutcome outcome = Run(executor);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(Facts(StageOf(0, 0, StageRole::kParent)).state, StageState::kStopped);
  EXPECT_EQ(Facts(StageOf(0, 0, StageRole::kTrain)).state, StageState::kWaiting);
  FakeExecutor again;
  EXPECT_EQ(Run(again).done, kStages - 1);
}

TEST_F(SchedulerTest, StartsRunsOfAHigherPriorityFirst) {
  Put(folder_ / "recipe.yaml",
      "name: tiny\n"
      "data: {train: [{kind: atlas, people: 8}]}\n"
      "arms:\n"
      "  - {name: dense, upcycle: none}\n"
      "  - {name: moe, upcycle: copy, execution: {priority: 5}}\n"
      "seeds: 2\n");
  study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  FakeExecutor executor;
  Run(executor, {.jobs = 1, .cores = 1});
  const auto when = [&](size_t arm, StageRole role) {
    return std::find(executor.started.begin(), executor.started.end(), StageOf(arm, 1, role));
  };
  EXPECT_LT(when(1, StageRole::kEvaluate), when(0, StageRole::kTrain));
}

}  // namespace
}  // namespace upcycle
