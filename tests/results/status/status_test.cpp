#include "results/status/status.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class Status : public ::testing::Test {
 protected:
  Status() : writer(LedgerIn(folder)) {
    StudyRecord study = StudyOf({"dense", "routed"}, {0, 1});
    for (StageRecord& stage : study.stages) {
      if (stage.kind == "train") {
        stage.settings = R"({"train": {"batch_sequences": 32}, "model": {"sequence_length": 256}})";
      }
    }
    writer.RecordStudy(study);
  }

  std::vector<StudyStatus> Read(const StatusOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder));
    return ReadStatus(reader, options);
  }

  TemporaryFolder folder;
  LedgerWriter writer;
};

TEST_F(Status, SaysWhatIsPlannedBeforeAnythingRan) {
  EXPECT_EQ(StatusText(Read()), "study: 0 of 4 runs complete, 4 planned\n");
}

TEST_F(Status, ShowsHowFarARunningStageIs) {
  writer.SetStageState(StageFor(StageRole::kTokens), StageState::kComplete);
  writer.SetStageState(StageFor(StageRole::kParent), StageState::kComplete);
  CompleteRun(writer, "dense", 0, {}, {});
  IngestNext(writer, StageFor(StageRole::kTrain, "routed", 1),
             {Event(R"({"event": "attempt_started", "host": "lab", "pid": 7})"),
              Event(R"({"event": "progress", "step": 340, "steps": 1000})"),
              Point("train/loss", 340, 3.21416), Point("system/tokens_per_second", 340, 40960)});
  EXPECT_EQ(StatusText(Read()),
            "study: 1 of 4 runs complete, 2 planned, 1 running\n"
            "  running   train (routed, seed 1): step 340 of 1000, loss 3.2142, 40.96k tokens/s, "
            "2 min 12 s left\n");
}

TEST_F(Status, SaysWhatAStageWaitsForAndGroupsTheSameReasons) {
  for (const int seed : {0, 1}) {
    writer.SetStageState(StageFor(StageRole::kTrain, "dense", seed), StageState::kWaiting,
                         "waits for the dense parent");
  }
  writer.SetStageState(StageFor(StageRole::kParent), StageState::kWaiting, "no free worker");
  EXPECT_EQ(StatusText(Read()),
            "study: 0 of 4 runs complete, 4 waiting\n"
            "  waiting   parent (4 runs): no free worker\n"
            "  waiting   2 × train: waits for the dense parent\n");
}

TEST_F(Status, CallsInterruptedWhatNobodyIsAtAnyMore) {
  IngestNext(writer, StageFor(StageRole::kTrain, "routed", 1),
             {Event(R"({"event": "attempt_started", "host": "lab", "pid": 7})"),
              Event(R"({"event": "progress", "step": 340, "steps": 1000})")});
  const auto status = Read({.study = "study", .scheduler_at_work = false});
  EXPECT_EQ(
      StatusText(status),
      "study: 0 of 4 runs complete, 3 planned, 1 stopped\n"
      "  stopped   train (routed, seed 1), attempt 1: interrupted; the same command goes on\n");
  EXPECT_EQ(StatusJson(status)[0]["ended_early"][0]["state"], "stopped");
  EXPECT_TRUE(StatusJson(status)[0]["running"].empty());
}

TEST_F(Status, SaysWhyAPlannedStageHasNotBegun) {
  for (const int seed : {0, 1}) {
    writer.SetStageState(StageFor(StageRole::kTrain, "routed", seed), StageState::kPlanned,
                         "another stage failed first");
  }
  const auto status = Read();
  EXPECT_EQ(StatusText(status),
            "study: 0 of 4 runs complete, 4 planned\n"
            "  planned   2 × train: another stage failed first\n");
  EXPECT_EQ(StatusJson(status)[0]["held_back"].size(), 2u);
}

TEST_F(Status, ShowsWhatFailedWithItsMessage) {
  const Fingerprint train = StageFor(StageRole::kTrain, "routed", 0);
  IngestNext(
      writer, train,
      {Event(AttemptStart{.host = "lab", .pid = 1}),
       Event(AttemptEnd{.outcome = StageState::kFailed, .cause = "memory", .message = "first"}),
       Event(AttemptStart{.host = "lab", .pid = 2}),
       Event(AttemptEnd{.outcome = StageState::kFailed, .cause = "disk", .message = "no space"})});
  EXPECT_EQ(StatusText(Read()),
            "study: 0 of 4 runs complete, 3 planned, 1 failed\n"
            "  failed    train (routed, seed 0), attempt 2, disk: no space\n");
}

TEST_F(Status, GivesTheSameFactsAsJson) {
  IngestNext(writer, StageFor(StageRole::kTrain, "routed", 1),
             {Event(R"({"event": "attempt_started", "host": "lab", "pid": 7})"),
              Event(R"({"event": "progress", "step": 340, "steps": 1000})")});
  const auto json = StatusJson(Read());
  EXPECT_EQ(json[0]["study"], "study");
  EXPECT_EQ(json[0]["runs"]["running"], 1);
  EXPECT_EQ(json[0]["stages"]["planned"], 9);
  const auto& running = json[0]["running"][0];
  EXPECT_EQ(running["serves"], "routed, seed 1");
  EXPECT_EQ(running["step"], 340);
  EXPECT_EQ(running["attempts"][0]["host"], "lab");
  EXPECT_TRUE(running["seconds_left"].is_null());
}

TEST_F(Status, OfOneStudyLeavesTheOthersOut) {
  StudyRecord other = StudyOf({"dense"}, {0});
  other.name = "other";
  writer.RecordStudy(other);
  LedgerReader reader(LedgerIn(folder));
  EXPECT_EQ(ReadStatus(reader).size(), 2u);
  const StatusOptions only_other = {.study = "other"};
  ASSERT_EQ(ReadStatus(reader, only_other).size(), 1u);
  EXPECT_EQ(ReadStatus(reader, only_other)[0].name, "other");
  EXPECT_THROW(ReadStatus(reader, {.study = "neither"}), Error);
}

TEST(StatusText, SaysThatThereIsNothingYet) { EXPECT_EQ(StatusText({}), "no studies yet\n"); }

}  // namespace
}  // namespace upcycle
