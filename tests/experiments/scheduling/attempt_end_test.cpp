#include "experiments/scheduling/attempt_end.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/file_lock.h"
#include "core/journal.h"
#include "experiments/run/worker_exit.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class AttemptEndTest : public testing::Test {
 protected:
  AttemptEnd Judge(const JobEnd& job, const AttemptCircumstances& known = {}) {
    return JudgeEnd(job, known, stage_, BuiltInLogPolicies());
  }
  AttemptEnd JudgeExit(int code) { return Judge({.exit_code = code}); }
  AttemptEnd JudgeSignal(int signal) { return Judge({.signal = signal}); }
  Cause CauseOfEnd(const AttemptEnd& end) { return CauseFromName(end.cause); }
  void Log(std::string_view text) { Put(stage_.log(), text); }

  TemporaryFolder folder_;
  StageFolder stage_{folder_ / "stage"};
};

TEST_F(AttemptEndTest, IsTheWorkersOwnWordWhereItCouldSayIt) {
  const AttemptEnd word = {.outcome = StageState::kDiverged, .cause = "diverged", .message = "NaN"};
  const AttemptEnd end =
      Judge({.exit_code = 7, .peak_memory_bytes = 5}, {.begun = true, .own_word = word});
  EXPECT_EQ(end.outcome, StageState::kDiverged);
  EXPECT_EQ(end.message, "NaN");
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_EQ(end.peak_memory_bytes, 5);
}

TEST_F(AttemptEndTest, IsWhatTheSchedulerDidUnlessTheWorkerWasFaster) {
  const AttemptEnd lost = {.outcome = StageState::kFailed, .cause = "lost"};
  const AttemptEnd stopped = {.outcome = StageState::kStopped, .cause = "interrupted"};
  const AttemptEnd complete = {.outcome = StageState::kComplete};
  EXPECT_EQ(Judge({.signal = SIGKILL}, {.sentence = lost}).cause, "lost");
  EXPECT_EQ(Judge({.exit_code = 130}, {.own_word = stopped, .sentence = lost}).cause, "lost");
  EXPECT_EQ(Judge({.exit_code = 0}, {.own_word = complete, .sentence = lost}).outcome,
            StageState::kComplete);
}

TEST_F(AttemptEndTest, IsAStopWhereOneWasAskedForHoweverHarshly) {
  const AttemptEnd end = Judge({.signal = SIGKILL}, {.asked_to_stop = true});
  EXPECT_EQ(end.outcome, StageState::kStopped);
  EXPECT_EQ(end.message, "ended by SIGKILL before it could write a checkpoint");
}

TEST_F(AttemptEndTest, IsWhatAClusterKnowsWhereTheWorkerCouldNotSayIt) {
  const KnownCause limit = {Cause::kTimeout, "at its limit"};
  const AttemptEnd end = Judge({.signal = SIGKILL, .known_cause = limit});
  EXPECT_EQ(CauseOfEnd(end), Cause::kTimeout);
  EXPECT_EQ(end.message, "at its limit");
  const AttemptEnd stopped = {.outcome = StageState::kStopped, .cause = "interrupted"};
  EXPECT_EQ(Judge({.known_cause = limit}, {.own_word = stopped}).cause, "interrupted")
      << "it left a checkpoint in time";
  EXPECT_EQ(Judge({.known_cause = limit}, {.asked_to_stop = true}).cause, "interrupted");
}

TEST_F(AttemptEndTest, SaysWhoStoppedAWorkerThatCannotKnow) {
  const AttemptEnd stopped = {.outcome = StageState::kStopped, .cause = "interrupted"};
  const KnownCause cancelled = {Cause::kKilled, "cancelled"};
  EXPECT_EQ(Judge({.known_cause = cancelled}, {.own_word = stopped}).message, "cancelled");
  EXPECT_EQ(Judge({.known_cause = cancelled}, {.own_word = stopped, .asked_to_stop = true}).cause,
            "interrupted");
}

TEST_F(AttemptEndTest, TellsTheKernelsKillFromSomebodysKill) {
  EXPECT_EQ(CauseOfEnd(Judge({.signal = SIGKILL, .for_want_of_memory = true})), Cause::kMemory);
  const AttemptEnd killed = JudgeSignal(SIGKILL);
  EXPECT_EQ(CauseOfEnd(killed), Cause::kKilled);
  EXPECT_TRUE(Says(killed.message, "killed from outside by SIGKILL"));
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(CauseOfEnd(JudgeSignal(SIGTERM)), Cause::kKilled);
}

TEST_F(AttemptEndTest, TellsLimitsFromCrashes) {
  EXPECT_EQ(CauseOfEnd(JudgeSignal(SIGXCPU)), Cause::kTimeout);
  EXPECT_EQ(CauseOfEnd(JudgeSignal(SIGXFSZ)), Cause::kDisk);
  for (const int crash : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) {
    EXPECT_EQ(CauseOfEnd(JudgeSignal(crash)), Cause::kBug) << crash;
    EXPECT_TRUE(Says(JudgeSignal(crash).message, "crashed with SIG"));
  }
}

TEST_F(AttemptEndTest, ReadsInTheLogWhatACrashWasAbout) {
  Log("terminate called after throwing an instance of 'std::bad_alloc'\n");
  const AttemptEnd end = JudgeSignal(SIGABRT);
  EXPECT_EQ(CauseOfEnd(end), Cause::kMemory);
  EXPECT_EQ(end.message,
            "crashed with SIGABRT; its log says \"terminate called after throwing an instance of "
            "'std::bad_alloc'\": run fewer workers at once (-j) or a smaller micro-batch");
}

TEST_F(AttemptEndTest, KnowsTheClassByTheExitCodeWhereTheJournalHadNoRoom) {
  Log("error: cannot write journal: No space left on device\n");
  const AttemptEnd end = JudgeExit(static_cast<int>(WorkerExit::kDisk));
  EXPECT_EQ(CauseOfEnd(end), Cause::kDisk);
  EXPECT_TRUE(Says(end.message, "No space left on device"));
  for (const Cause cause : {Cause::kInput, Cause::kMemory, Cause::kDeviceMemory, Cause::kDisk,
                            Cause::kDevice, Cause::kDiverged, Cause::kInterrupted}) {
    const AttemptEnd told = JudgeExit(static_cast<int>(ExitOf(cause)));
    EXPECT_EQ(CauseOfEnd(told), cause);
    EXPECT_EQ(told.outcome, OutcomeOf(cause));
  }
}

TEST_F(AttemptEndTest, CallsAnExitWithoutAWordOurBug) {
  const AttemptEnd end = JudgeExit(9);
  EXPECT_EQ(CauseOfEnd(end), Cause::kBug);
  EXPECT_TRUE(Says(end.message, "exited with 9"));
  EXPECT_TRUE(Says(end.message, stage_.log().native()));
}

TEST_F(AttemptEndTest, SaysWhereTheProgramIsNotThereAnyMore) {
  EXPECT_TRUE(Says(JudgeExit(127).message, "replaced or removed"));
}

TEST_F(AttemptEndTest, IsAKillWhereNobodySawHowItEnded) {
  EXPECT_EQ(CauseOfEnd(Judge({})), Cause::kKilled);
}

TEST_F(AttemptEndTest, IsRecordedInTheJournalWhereTheWorkerCouldNot) {
  MakeDirectories(stage_.path());
  { JournalWriter(stage_.journal()).Event(EventOf(AttemptStart{.host = "lab"})); }
  const JobEnd job = {.signal = SIGKILL};
  const AttemptCircumstances known = {.begun = true};
  EXPECT_TRUE(RecordJudgement(stage_, job, known, Judge(job, known)));
  const auto records = JournalReader(stage_.journal()).ReadNext();
  ASSERT_EQ(records.size(), 2u);
  const auto event = ParseStageEvent(std::get<JournalEvent>(records[1]).json);
  const auto& judgement = std::get<AttemptJudgement>(event);
  EXPECT_TRUE(judgement.begun);
  EXPECT_EQ(judgement.end.cause, "killed");
  EXPECT_EQ(judgement.end.signal, SIGKILL);
}

TEST_F(AttemptEndTest, IsNotRecordedTwice) {
  MakeDirectories(stage_.path());
  const JobEnd job = {.exit_code = 7};
  const AttemptCircumstances known = {
      .begun = true, .own_word = AttemptEnd{.outcome = StageState::kDiverged, .cause = "diverged"}};
  EXPECT_TRUE(RecordJudgement(stage_, job, known, Judge(job, known)));
  EXPECT_FALSE(fs::exists(stage_.journal()));
}

TEST_F(AttemptEndTest, IsNotWrittenIntoAJournalThatSomebodyElseWrites) {
  MakeDirectories(stage_.path());
  const auto lock = FileLock::TryAcquire(stage_.lock());
  EXPECT_FALSE(RecordJudgement(stage_, {.signal = SIGKILL}, {}, JudgeSignal(SIGKILL)));
  EXPECT_FALSE(fs::exists(stage_.journal()));
}

}  // namespace
}  // namespace upcycle
