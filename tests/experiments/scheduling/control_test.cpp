#include "experiments/scheduling/control.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

class ControlTest : public SchedulerTest {
 protected:
  // Calls `act` once, when the stage was started, and once when nothing runs any more.
  class Acting : public SilentObserver {
   public:
    std::function<void()> when_started = [] {};
    std::function<void()> when_idle = [] {};
    Fingerprint stage;

    void Started(const Fingerprint& started, int64_t) override {
      ++running_;
      if (started == stage && !started_) {
        started_ = true;
        when_started();
      }
    }
    void Ended(const Fingerprint&, StageState, const std::string&) override { --running_; }
    void Retried(const Fingerprint&, const std::string&) override { --running_; }
    void Tick() override {
      if (running_ == 0 && ++idle_ticks_ == 5) when_idle();
    }

   private:
    int running_ = 0;
    int idle_ticks_ = 0;
    bool started_ = false;
  };

  void Leave(RequestKind kind, HoldScope scope) {
    left_.push_back(LeaveRequest(folder_.path(), {kind, std::move(scope), "ada@lab"}));
  }

  std::vector<fs::path> left_;
  SchedulerOptions options_ = {.jobs = 2, .cores = 2};
};

TEST_F(ControlTest, StopsAStudyThatSomebodyElseAsksToStop) {
  FakeExecutor executor;
  Acting observer;
  observer.stage = StageOf(0, 0, StageRole::kParent);
  observer.when_started = [&] { Leave(RequestKind::kStop, {.study = "tiny"}); };
  const StudyOutcome outcome = Run(executor, options_, observer);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(Facts(observer.stage).state, StageState::kStopped);
  EXPECT_FALSE(fs::exists(left_.at(0))) << "it was done";
}

TEST_F(ControlTest, LeavesAStudyAloneWhereAnotherIsToStop) {
  FakeExecutor executor;
  Acting observer;
  observer.stage = StageOf(0, 0, StageRole::kParent);
  observer.when_started = [&] { Leave(RequestKind::kStop, {.study = "other"}); };
  EXPECT_EQ(Run(executor, options_, observer).done, kStages);
}

TEST_F(ControlTest, PausesARunUntilItIsResumedWhileOthersGoOn) {
  FakeExecutor executor;
  Acting observer;
  const Fingerprint train = StageOf(1, 0, StageRole::kTrain);
  observer.stage = train;
  observer.when_started = [&] { Leave(RequestKind::kPause, {"tiny", "moe", 0}); };
  observer.when_idle = [&] {
    EXPECT_EQ(Facts(train).state, StageState::kWaiting);
    EXPECT_EQ(Facts(train).reason, "paused by ada@lab; `upcycle resume tiny` lets it go on");
    EXPECT_EQ(Facts(StageOf(1, 1, StageRole::kEvaluate)).state, StageState::kComplete);
    Leave(RequestKind::kResume, {"tiny", "moe", 0});
  };
  const StudyOutcome outcome = Run(executor, options_, observer);
  EXPECT_EQ(outcome.done, kStages);
  EXPECT_EQ(outcome.held, 0);
  const auto attempts = Attempts(train);
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].end->outcome, StageState::kStopped);
}

TEST_F(ControlTest, KeepsWhatSharedStagesServeOtherRuns) {
  FakeExecutor executor;
  Acting observer;
  const Fingerprint parent = StageOf(0, 0, StageRole::kParent);
  observer.stage = parent;
  observer.when_started = [&] { Leave(RequestKind::kCancel, {"tiny", "moe"}); };
  const StudyOutcome outcome = Run(executor, options_, observer);
  EXPECT_EQ(Attempts(parent).size(), 1u) << "the dense arm needs it";
  EXPECT_EQ(outcome.done, kStages - 6);
  EXPECT_EQ(outcome.held, 6);
  EXPECT_EQ(Facts(StageOf(1, 0, StageRole::kStart)).state, StageState::kStopped);
}

TEST_F(ControlTest, RemembersAndDoesNotWaitForWhatWasPausedBefore) {
  FakeExecutor first, second, third;
  Leave(RequestKind::kPause, {"tiny", "dense"});
  EXPECT_EQ(Run(first).done, kStages - 4);
  const StudyOutcome outcome = Run(second);
  EXPECT_TRUE(second.started.empty());
  EXPECT_EQ(outcome.held, 4);
  Leave(RequestKind::kResume, {"tiny"});
  EXPECT_EQ(Run(third).done, 4) << "a wider resume lifts it";
}

TEST_F(ControlTest, ForgetsAStopThatWasMeantForAnEarlierScheduler) {
  FakeExecutor executor;
  Leave(RequestKind::kStop, {.study = "tiny"});
  EXPECT_EQ(Run(executor).done, kStages);
}

TEST_F(ControlTest, RemovesFilesThatAreNoRequests) {
  for (const char* text : {"", "{", "{}", "{\"request\":\"dance\",\"study\":\"\",\"arm\":\"\"}",
                           "{\"request\":1}", "[]"}) {
    Put(folder_ / "control/1.json", text);
    FakeExecutor executor;
    Run(executor);
    EXPECT_FALSE(fs::exists(folder_ / "control/1.json")) << text;
  }
}

TEST_F(ControlTest, EndsAStageThatTakesTooLong) {
  Put(folder_ / "recipe.yaml",
      "name: tiny\n"
      "data: {train: [{kind: atlas, people: 8}]}\n"
      "execution: {time_limit_hours: 0.001}\n"
      "arms: [{name: dense, upcycle: none}]\n"
      "seeds: 1\n");
  study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  FakeExecutor executor;
  const Fingerprint train = StageOf(0, 0, StageRole::kTrain);
  executor.fates[train] = {Fate::kSilent};
  const StudyOutcome outcome = Run(executor, {.lease_seconds = 5});
  EXPECT_EQ(outcome.failed, 1);
  const auto attempts = Attempts(train);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].end->cause, "timeout");
  EXPECT_TRUE(Says(attempts[0].end->message, "execution.time_limit_hours=0.001"));
}

}  // namespace
}  // namespace upcycle
