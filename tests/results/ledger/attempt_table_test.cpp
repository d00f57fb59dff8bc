#include "results/ledger/attempt_table.h"

#include <gtest/gtest.h>

#include "results/ledger/ledger_reader.h"
#include "results/ledger/ledger_writer.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class AttemptTableTest : public ::testing::Test {
 protected:
  AttemptTableTest() : writer(LedgerIn(folder)) { writer.RecordStudy(StudyOf({"dense"}, {0})); }

  StageFacts Stage(const Fingerprint& stage) {
    return *LedgerReader(LedgerIn(folder)).FindStage(stage);
  }
  std::vector<AttemptFacts> Attempts() {
    LedgerReader reader(LedgerIn(folder));
    return reader.ReadAttempts(reader.FindStage(train)->id);
  }

  TemporaryFolder folder;
  LedgerWriter writer;
  const Fingerprint train = StageFor(StageRole::kTrain, "dense", 0);
};

TEST_F(AttemptTableTest, FollowsAnAttemptFromItsJournal) {
  IngestNext(writer, train,
             {Event(R"({"event": "attempt_started", "host": "lab", "pid": 7, "device": "cpu"})"),
              Event(R"({"event": "progress", "step": 40, "steps": 100})")});
  EXPECT_EQ(Stage(train).state, StageState::kRunning);
  EXPECT_EQ(Stage(train).step, 40);
  EXPECT_EQ(Stage(train).steps, 100);

  IngestNext(writer, train, {Event(R"({"event": "attempt_ended", "outcome": "failed",
      "cause": "memory", "message": "no memory left", "peak_memory_bytes": 123,
      "wall_seconds": 4.5, "cpu_seconds": 8.25})")});
  EXPECT_EQ(Stage(train).state, StageState::kFailed);
  EXPECT_EQ(Stage(train).reason, "no memory left");
  const auto attempts = Attempts();
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].start.host, "lab");
  EXPECT_EQ(attempts[0].end->cause, "memory");
  EXPECT_EQ(attempts[0].end->peak_memory_bytes, 123);
  EXPECT_EQ(attempts[0].end->wall_seconds, 4.5);
  EXPECT_EQ(attempts[0].end->cpu_seconds, 8.25);
}

TEST_F(AttemptTableTest, LearnsMoreOfAnAttemptFromTheSameProcess) {
  IngestNext(
      writer, train,
      {Event(AttemptStart{.host = "lab", .pid = 7, .device = "cuda"}),
       Event(AttemptStart{.host = "lab", .pid = 7, .device = "cuda:0", .provenance = R"({"a":1})"}),
       Event(AttemptEnd{.outcome = StageState::kComplete, .exit_code = 0})});
  const auto attempts = Attempts();
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].start.device, "cuda:0");
  EXPECT_EQ(attempts[0].start.provenance, R"({"a":1})");
  EXPECT_EQ(attempts[0].end->outcome, StageState::kComplete);
  EXPECT_EQ(attempts[0].end->exit_code, 0);
  EXPECT_EQ(Stage(train).state, StageState::kComplete);
}

TEST_F(AttemptTableTest, TakesTheWordOfWhoeverFoundTheWorkerDead) {
  IngestNext(writer, train,
             {Event(AttemptStart{.host = "lab", .pid = 7}),
              Event(AttemptJudgement{.begun = true,
                                     .end = {.outcome = StageState::kFailed,
                                             .cause = "killed",
                                             .message = "killed from outside by SIGKILL",
                                             .signal = 9}})});
  EXPECT_EQ(Stage(train).state, StageState::kFailed);
  EXPECT_EQ(Stage(train).reason, "killed from outside by SIGKILL");
  ASSERT_EQ(Attempts().size(), 1u);
  EXPECT_EQ(Attempts()[0].end->signal, 9);
  EXPECT_EQ(Attempts()[0].end->exit_code, std::nullopt);
}

TEST_F(AttemptTableTest, PutsAJudgementBeforeTheWorkersOwnWordAndKeepsWhatOnlyItKnew) {
  IngestNext(
      writer, train,
      {Event(AttemptStart{.host = "lab", .pid = 7}),
       Event(AttemptEnd{.outcome = StageState::kStopped,
                        .cause = "interrupted",
                        .message = "stopped on request",
                        .wall_seconds = 2.5}),
       Event(AttemptJudgement{
           .begun = true,
           .end = {.outcome = StageState::kFailed, .cause = "timeout", .message = "too long"}})});
  EXPECT_EQ(Stage(train).state, StageState::kFailed);
  ASSERT_EQ(Attempts().size(), 1u);
  EXPECT_EQ(Attempts()[0].end->cause, "timeout");
  EXPECT_EQ(Attempts()[0].end->wall_seconds, 2.5);
}

TEST_F(AttemptTableTest, CountsAnAttemptThatCouldNotEvenSayThatItBegan) {
  IngestNext(writer, train,
             {Event(AttemptStart{.host = "lab", .pid = 7}),
              Event(AttemptEnd{.outcome = StageState::kStopped}),
              Event(AttemptJudgement{
                  .begun = false,
                  .end = {.outcome = StageState::kFailed, .cause = "bug", .exit_code = 9}})});
  const auto attempts = Attempts();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].end->outcome, StageState::kStopped);
  EXPECT_EQ(attempts[1].end->exit_code, 9);
  EXPECT_EQ(Stage(train).state, StageState::kFailed);
}

TEST_F(AttemptTableTest, ClosesAnAttemptThatNeverSaidHowItEnded) {
  IngestNext(writer, train, {Event(AttemptStart{.host = "lab", .pid = 7})});
  IngestNext(writer, train, {Event(AttemptStart{.host = "lab", .pid = 8})});
  const auto attempts = Attempts();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].end->outcome, StageState::kFailed);
  EXPECT_EQ(attempts[0].end->cause, "killed");
  EXPECT_EQ(attempts[0].end->message, "ended without a word: killed, or its machine went down");
  EXPECT_EQ(attempts[1].number, 2);
  EXPECT_FALSE(attempts[1].end.has_value());
}

}  // namespace
}  // namespace upcycle
