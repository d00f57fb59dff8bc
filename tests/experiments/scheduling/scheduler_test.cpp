#include "experiments/scheduling/scheduler.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "results/ledger_reader.h"
#include "tests/experiments/scheduling/fake_executor.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using Fate = FakeExecutor::Fate;

class SilentObserver : public StudyObserver {
 public:
  void Started(const Fingerprint&, int64_t) override {}
  void Progressed(const Fingerprint&, const StageProgress&) override {}
  void Ended(const Fingerprint&, StageState, const std::string&) override {}
  void Retried(const Fingerprint&, const std::string&) override {}
  void Held(const Fingerprint&, const std::string&) override {}
  void Tick() override {}
};

// Two arms, continued dense and upcycled, of two seeds: 1 tokens + 1 parent + 1 parent's
// evaluation, and for each seed 2 dense and 3 upcycled stages.
constexpr int kStages = 13;

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "arms:\n"
        "  - {name: dense, upcycle: none}\n"
        "  - {name: moe, upcycle: copy}\n"
        "seeds: 2\n");
    study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  }

  StudyOutcome Run(FakeExecutor& executor, SchedulerOptions options = {.jobs = 2, .cores = 4}) {
    LedgerWriter ledger(folder_ / "ledger.sqlite");
    ledger.RecordStudy(RecordOf(study_));
    SilentObserver observer;
    StopSignals stop;
    return Scheduler(study_, folder_.path(), ledger, executor, options, observer).Run(stop);
  }

  Fingerprint StageOf(size_t arm, int64_t seed, StageRole role) const {
    for (const Study::Run& run : study_.runs) {
      if (run.arm == arm && run.seed == seed) return run.stages.at(role);
    }
    return {};
  }

  StageFacts Facts(const Fingerprint& stage) {
    return *LedgerReader(folder_ / "ledger.sqlite").FindStage(stage);
  }

  std::vector<AttemptFacts> Attempts(const Fingerprint& stage) {
    LedgerReader ledger(folder_ / "ledger.sqlite");
    return ledger.ReadAttempts(ledger.FindStage(stage)->id);
  }

  TemporaryFolder folder_;
  Study study_;
};

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

TEST_F(SchedulerTest, GivesWhatComputesAGpuAndSharesItAsFarAsItsMemoryGoes) {
  FakeExecutor executor;
  Gpu gpu;
  gpu.free_bytes = 2 * kGpuContextBytes;  // one small stage and a little
  Run(executor, {.jobs = 4, .cores = 4, .gpus = {gpu}});
  EXPECT_EQ(executor.devices[0], "cpu");  // tokens
  EXPECT_EQ(std::count(executor.devices.begin(), executor.devices.end(), "cuda:0"), kStages - 1);
  EXPECT_EQ(executor.most_at_once, 1);
}

TEST_F(SchedulerTest, LetsStagesShareAGpuThatHasRoomForThem) {
  FakeExecutor executor;
  Gpu gpu;
  gpu.free_bytes = 100 * kGpuContextBytes;
  Run(executor, {.jobs = 4, .cores = 4, .gpus = {gpu}});
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

TEST_F(SchedulerTest, TakesInAJournalThatBeganAnewFromItsBeginning) {
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

TEST_F(SchedulerTest, LeavesADamagedJournalOfACompleteStageAlone) {
  FakeExecutor first, second;
  Run(first);
  Put(StageFolder(folder_.path(), StageOf(0, 0, StageRole::kParent)).journal(),
      std::string(100'000, 'x'));
  EXPECT_EQ(Run(second).reused, kStages);
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

TEST_F(SchedulerTest, StartsAKilledProcessAgainAFewTimes) {
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

TEST_F(SchedulerTest, GoesOnWithAStageThatGetsFurtherHoweverOftenItIsKilled) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  executor.fates[stage].assign(20, Fate::kKilledLater);
  EXPECT_EQ(Run(executor).done, kStages);
  EXPECT_EQ(Attempts(stage).size(), 21u);
}

TEST_F(SchedulerTest, GivesTheMachineToAStageThatHadNoMemory) {
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

TEST_F(SchedulerTest, EndsAndTriesAgainWhatGivesNoSignOfLife) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(1, 0, StageRole::kTrain);
  executor.fates[stage] = {Fate::kSilent};
  const StudyOutcome outcome = Run(executor, {.jobs = 1, .cores = 1, .lease_seconds = 0.2});
  EXPECT_EQ(outcome.done, kStages);
  const auto attempts = Attempts(stage);
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].end->cause, "lost");
  EXPECT_EQ(attempts[1].end->outcome, StageState::kComplete);
}

TEST_F(SchedulerTest, BeginsNothingMoreOnAFullDisk) {
  FakeExecutor executor;
  const Fingerprint stage = StageOf(0, 0, StageRole::kParent);
  executor.fates[stage] = {Fate::kFullDisk};
  const StudyOutcome outcome = Run(executor, {.jobs = 2, .cores = 2, .keep_going = true});
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_FALSE(outcome.halted.empty());
  EXPECT_EQ(Attempts(stage)[0].end->cause, "disk");
}

TEST_F(SchedulerTest, FollowsWhatAnEarlierSchedulerBegan) {
  FakeExecutor first, second;
  const Fingerprint stage = StageOf(0, 0, StageRole::kTokens);
  MakeDirectories(StageFolder(folder_.path(), stage).path());
  Put(StageFolder(folder_.path(), stage).lock(), "");
  second.living = {stage};
  EXPECT_EQ(Run(second).done, kStages);
  EXPECT_EQ(second.adopted, std::vector{stage});
  EXPECT_EQ(std::count(second.started.begin(), second.started.end(), stage), 0);
}

TEST_F(SchedulerTest, WaitsForAnotherProcessAtAStageAndSaysForWhich) {
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
  LedgerWriter ledger(folder_ / "ledger.sqlite");
  ledger.RecordStudy(RecordOf(study_));
  StopSignals stop;
  const SchedulerOptions options = {.jobs = 2, .cores = 4};
  EXPECT_EQ(Scheduler(study_, folder_.path(), ledger, executor, options, observer).Run(stop).done,
            kStages);
  EXPECT_EQ(reason, "for " + Describe(ThisProcess()) + ", which is at it already");
}

TEST_F(SchedulerTest, SetsADamagedJournalAsideAndDoesTheStageAnew) {
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

TEST_F(SchedulerTest, ReportsAProcessThatEndedWithoutAWord) {
  FakeExecutor executor;
  executor.fates[StageOf(0, 0, StageRole::kTokens)] = {Fate::kSilentExit};
  EXPECT_EQ(Run(executor).failed, 1);
  EXPECT_TRUE(Says(Facts(StageOf(0, 0, StageRole::kTokens)).reason, "exited with 9"));
}

TEST_F(SchedulerTest, TakesOverWhatWasDoneAfterTheLastSchedulerDied) {
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

}  // namespace
}  // namespace upcycle
