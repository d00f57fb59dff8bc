// What becomes of a study when something dies, hangs, fills up or is damaged.
#include <algorithm>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/file_lock.h"
#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

using InterruptionTest = SchedulerTest;

TEST_F(InterruptionTest, StartsAKilledProcessAgainAFewTimes) {
  FakeExecutor lucky, unlucky;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  lucky.fates[stage] = {Fate::kKilled, Fate::kKilled};
  EXPECT_EQ(Run(lucky).done, kStages);
  EXPECT_EQ(std::count(lucky.started.begin(), lucky.started.end(), stage), 3);

  LedgerWriter(folder_ / "ledger.sqlite").Forget(stage);
  fs::remove_all(StageFolder(folder_.path(), stage).path());
  unlucky.fates[stage] = {Fate::kKilled, Fate::kKilled, Fate::kKilled};
  const StudyOutcome outcome = Run(unlucky);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_TRUE(Says(Facts(stage).reason, "SIGKILL"));
  const auto attempts = Attempts(stage);
  ASSERT_EQ(attempts.size(), 3u);
  for (const AttemptFacts& attempt : attempts) {
    EXPECT_EQ(attempt.end->cause, "killed");
    EXPECT_EQ(attempt.end->signal, SIGKILL);
  }
}

TEST_F(InterruptionTest, GoesOnWithAStageThatGetsFurtherHoweverOftenItIsKilled) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  executor.fates[stage].assign(20, Fate::kKilledLater);
  EXPECT_EQ(Run(executor).done, kStages);
  EXPECT_EQ(Attempts(stage).size(), 21u);
}

TEST_F(InterruptionTest, GivesTheMachineToAStageThatHadNoMemory) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(0, 0, StageRole::kTrain);
  executor.fates[stage] = {Fate::kOutOfMemory};
  EXPECT_EQ(Run(executor).done, kStages);
  ASSERT_EQ(std::count(executor.started.begin(), executor.started.end(), stage), 2);
  for (size_t i = 0; i < executor.started.size(); ++i) {
    const bool again = executor.started[i] == stage && i > 3;
    if (!again) continue;
    EXPECT_EQ(executor.beside[i], 1);
    EXPECT_EQ(executor.threads[i], 4);
    if (i + 1 < executor.beside.size()) {
      EXPECT_EQ(executor.beside[i + 1], 1) << "nothing joins it";
    }
  }
  EXPECT_EQ(Attempts(stage)[0].end->cause, "memory");
}

TEST_F(InterruptionTest, GivesUpWhatHadNoMemoryWithTheMachineForItself) {
  FakeExecutor executor;
  const Fingerprint parent = StageOf(0, 0, StageRole::kParent);
  executor.fates[parent] = {Fate::kOutOfMemory};
  EXPECT_EQ(Run(executor).failed, 1);
  EXPECT_EQ(Attempts(parent).size(), 1u) << "nothing ran beside it";
}

TEST_F(InterruptionTest, EndsAndTriesAgainWhatGivesNoSignOfLife) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  executor.fates[stage] = {Fate::kSilent};
  const StudyOutcome outcome = Run(executor, {.jobs = 1, .cores = 1, .lease_seconds = 5});
  EXPECT_EQ(outcome.done, kStages);
  const auto attempts = Attempts(stage);
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].end->cause, "lost");
  EXPECT_EQ(attempts[1].end->outcome, StageState::kComplete);
}

TEST_F(InterruptionTest, BeginsNothingMoreOnAFullDisk) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(0, 0, StageRole::kParent);
  executor.fates[stage] = {Fate::kFullDisk};
  const StudyOutcome outcome = Run(executor, {.jobs = 2, .cores = 2, .keep_going = true});
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_FALSE(outcome.halted.empty());
  EXPECT_EQ(Attempts(stage)[0].end->cause, "disk");
}

TEST_F(InterruptionTest, FollowsWhatAnEarlierSchedulerBegan) {
  FakeExecutor first, second;
  const Fingerprint stage = StageOf(0, 0, StageRole::kTokens);
  MakeDirectories(StageFolder(folder_.path(), stage).path());
  Put(StageFolder(folder_.path(), stage).lock(), "");
  second.living = {stage};
  EXPECT_EQ(Run(second).done, kStages);
  EXPECT_EQ(second.adopted, std::vector{stage});
  EXPECT_EQ(std::count(second.started.begin(), second.started.end(), stage), 0);
}

TEST_F(InterruptionTest, BelievesWhatItFollowsAndFindsAtItsEnd) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(0, 0, StageRole::kTokens);
  MakeDirectories(StageFolder(folder_.path(), stage).path());
  Put(StageFolder(folder_.path(), stage).lock(), "");
  executor.living = {stage};
  executor.fates[stage] = {Fate::kDoneWhenFound};
  EXPECT_EQ(Run(executor).done, kStages);
  EXPECT_EQ(Attempts(stage).size(), 1u);
}

// A ledger that cannot be written, say: in the very moment in which a stage has ended, too.
TEST_F(InterruptionTest, EndsWhateverRunsWhereItCannotGoOn) {
  class FailingObserver : public SilentObserver {
   public:
    void Progressed(const Fingerprint&, const StageProgress&) override {
      throw Error(Cause::kDisk, "no room to report");
    }
  };
  int failures = 0;
  bool is_done = false;
  while (!is_done && failures < 3 * kStages) {
    FakeExecutor executor;
    FailingObserver observer;
    try {
      is_done = Run(executor, {.jobs = 2, .cores = 4}, observer).failed == 0;
    } catch (const Error&) {
      ++failures;
    }
    EXPECT_TRUE(executor.Followed().empty());
  }
  EXPECT_TRUE(is_done) << "nothing that was done is lost";
  EXPECT_GT(failures, 2);
}

TEST_F(InterruptionTest, WaitsForAnotherProcessAtAStageAndSaysForWhich) {
  const Fingerprint stage = StageOf(0, 0, StageRole::kTokens);
  const StageFolder folder(folder_.path(), stage);
  MakeDirectories(folder.path());
  std::optional<FileLock> lock = FileLock::TryAcquire(folder.lock());
  std::string reason;
  class Releasing : public SilentObserver {
   public:
    explicit Releasing(std::optional<FileLock>& its_lock, std::string& its_reason)
        : lock_(its_lock), reason_(its_reason) {}
    void Held(const Fingerprint&, const std::string& why) override { reason_ = why; }
    void Tick() override {
      if (!reason_.empty()) lock_.reset();
    }

   private:
    std::optional<FileLock>& lock_;
    std::string& reason_;
  } observer(lock, reason);
  FakeExecutor executor;
  EXPECT_EQ(Run(executor, {.jobs = 2, .cores = 4}, observer).done, kStages);
  EXPECT_EQ(reason, "for " + Describe(ThisProcess()) + ", which is at it already");
}

TEST_F(InterruptionTest, SetsADamagedJournalAsideAndDoesTheStageAnew) {
  FakeExecutor first, second;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  first.fates[stage] = {Fate::kFail};
  Run(first, {.jobs = 1, .cores = 1, .keep_going = true});
  const StageFolder folder(folder_.path(), stage);
  std::string bytes = ReadTextFile(folder.journal());
  bytes[20] ^= 1;
  Put(folder.journal(), bytes);
  EXPECT_EQ(Run(second).done, 2);
  EXPECT_EQ(ReadTextFile(folder.journal().native() + ".damaged-1"), bytes);
  EXPECT_EQ(Facts(stage).state, StageState::kComplete);
  EXPECT_EQ(Attempts(stage).size(), 1u);
}

TEST_F(InterruptionTest, ReportsAProcessThatEndedWithoutAWord) {
  FakeExecutor executor;
  executor.fates[StageOf(0, 0, StageRole::kTokens)] = {Fate::kSilentExit};
  EXPECT_EQ(Run(executor).failed, 1);
  EXPECT_TRUE(Says(Facts(StageOf(0, 0, StageRole::kTokens)).reason, "exited with 9"));
}

TEST_F(InterruptionTest, TakesOverWhatWasDoneAfterTheLastSchedulerDied) {
  // A worker that outlived its scheduler: its journal says complete, the ledger knows nothing.
  const Fingerprint tokens = StageOf(0, 0, StageRole::kTokens);
  const StageFolder stage(folder_.path(), tokens);
  MakeDirectories(stage.tokens());
  WriteChecksums(stage.tokens());
  {
    JournalWriter journal(stage.journal());
    journal.Event({{"event", "attempt_started"}, {"host", "other"}, {"pid", 7}});
    journal.Event({{"event", "attempt_ended"}, {"outcome", "complete"}});
  }
  FakeExecutor executor;
  const StudyOutcome outcome = Run(executor);
  EXPECT_EQ(outcome.reused, 1);
  EXPECT_EQ(std::count(executor.started.begin(), executor.started.end(), tokens), 0);
}

TEST_F(InterruptionTest, TakesInAJournalThatBeganAnewFromItsBeginning) {
  FakeExecutor first, second;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  first.fates[stage] = {Fate::kFail};
  Run(first, {.jobs = 1, .cores = 1, .keep_going = true});
  const StageFolder folder(folder_.path(), stage);
  for (int i = 0; i < 20; ++i) {
    JournalWriter(folder.journal()).Point("train/loss", 100 + i, 1);
  }
  EXPECT_EQ(Run(second).done, 2);  // the ledger now stands far behind the journal's beginning

  LedgerWriter(folder_ / "ledger.sqlite").SetStageState(stage, StageState::kStopped);
  fs::remove(folder.journal());
  FakeExecutor third;
  Run(third);
  EXPECT_EQ(Facts(stage).state, StageState::kComplete);
  EXPECT_EQ(LedgerReader(folder_ / "ledger.sqlite").ReadPoints(Facts(stage).id, "train/loss"),
            (std::vector<MetricPoint>{{1, 2.5}}));
}

TEST_F(InterruptionTest, LeavesADamagedJournalOfACompleteStageAlone) {
  FakeExecutor first, second;
  Run(first);
  Put(StageFolder(folder_.path(), StageOf(0, 0, StageRole::kParent)).journal(),
      std::string(100'000, 'x'));
  EXPECT_EQ(Run(second).reused, kStages);
}

}  // namespace
}  // namespace upcycle
