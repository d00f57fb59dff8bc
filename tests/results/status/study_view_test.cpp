#include "results/status/study_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/status/messages.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class StudyViews : public ::testing::Test {
 protected:
  StudyViews() : writer(LedgerIn(folder)) {}

  void Record(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds) {
    StudyRecord study = StudyOf(arms, seeds);
    for (StageRecord& stage : study.stages) {
      if (stage.kind == "train") {
        stage.settings = R"({"train": {"batch_sequences": 10}, "model": {"sequence_length": 100}})";
      }
    }
    writer.RecordStudy(study);
  }

  StudyView Read(const ViewBounds& bounds = {}, const StatusOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder));
    const Transaction snapshot = reader.Snapshot();
    return ReadStudyView(reader, "study", options, bounds);
  }

  // Half of 1,000 steps, at 1,000 tokens a step and a second.
  void RunHalf(const char* arm, int64_t seed) {
    IngestNext(writer, StageFor(StageRole::kTrain, arm, seed),
               {Event(AttemptStart{.host = "lab", .pid = 7}),
                Event(R"({"event": "progress", "step": 500, "steps": 1000})"),
                Point("system/tokens_per_second", 500, 1000)});
  }

  void Fail(const char* arm, int64_t seed, const AttemptEnd& end) {
    IngestNext(writer, StageFor(StageRole::kTrain, arm, seed),
               {Event(AttemptStart{.host = "lab", .pid = 7}), Event(end)});
  }

  void Complete(StageRole role, const char* arm, int64_t seed, double seconds) {
    IngestNext(writer, StageFor(role, arm, seed),
               {Event(AttemptStart{.host = "lab", .pid = 7}),
                ResultEvent("validation/loss", 2.0 + static_cast<double>(seed)),
                Event(AttemptEnd{.outcome = StageState::kComplete, .wall_seconds = seconds})});
  }

  TemporaryFolder folder;
  LedgerWriter writer;
};

TEST_F(StudyViews, ShowsEachSeedOfEachArmWithItsShare) {
  Record({"dense", "routed"}, {0, 1});
  RunHalf("routed", 1);
  const StudyView view = Read();
  ASSERT_EQ(view.arms.size(), 2u);
  EXPECT_TRUE(view.arms[0].is_baseline);
  EXPECT_FALSE(view.arms[1].is_baseline);
  const RunView& run = view.arms[1].runs[1];
  EXPECT_EQ(run.seed, 1);
  EXPECT_EQ(run.state, StageState::kRunning);
  EXPECT_EQ(run.share, 0.5);
  EXPECT_EQ(view.arms[1].counts[static_cast<size_t>(StageState::kPlanned)], 1);
}

TEST_F(StudyViews, GivesTheMeanOfWhatIsCompleteAsAnArmsValue) {
  Record({"dense"}, {0, 1, 2});
  for (const int seed : {0, 1}) {
    Complete(StageRole::kTrain, "dense", seed, 10);
    Complete(StageRole::kEvaluate, "dense", seed, 1);
  }
  const StudyView view = Read();
  EXPECT_EQ(view.arms[0].value, 2.5);
  EXPECT_EQ(view.arms[0].valued, 2);
}

TEST_F(StudyViews, EstimatesTheTimeLeftFromStagesOfTheSameRole) {
  Record({"dense"}, {0, 1});
  for (const StageRole role : {StageRole::kTokens, StageRole::kParent}) Complete(role, "", 0, 5);
  Complete(StageRole::kTrain, "dense", 0, 400);
  Complete(StageRole::kEvaluate, "dense", 0, 20);
  RunHalf("dense", 1);
  const StudyView view = Read();
  // Half of 1,000 s of the training that runs, and the evaluation behind it.
  ASSERT_TRUE(view.seconds_left.has_value());
  EXPECT_DOUBLE_EQ(*view.seconds_left, 520);
  EXPECT_DOUBLE_EQ(view.share, 4.5 / 6);
}

TEST_F(StudyViews, CountsTheFlopsOfTrainingsAsWork) {
  StudyRecord study = StudyOf({"dense", "routed"}, {0});
  for (ArmRecord& arm : study.arms) arm.cost.parent_train_flops = 500;
  study.arms[0].cost.train_flops = 300;
  study.arms[1].cost.train_flops = 200;
  writer.RecordStudy(study);
  Complete(StageRole::kParent, "", 0, 5);
  RunHalf("routed", 0);
  EXPECT_DOUBLE_EQ(Read().share, 0.6);
}

TEST_F(StudyViews, TellsNoTimeWhereNothingIsKnownOfATraining) {
  Record({"dense"}, {0});
  RunHalf("dense", 0);  // how long its parent takes is not known
  EXPECT_FALSE(Read().seconds_left.has_value());
}

TEST_F(StudyViews, GroupsWhatWaitsByItsReason) {
  Record({"dense", "routed"}, {0, 1});
  for (const int seed : {0, 1}) {
    writer.SetStageState(StageFor(StageRole::kTrain, "dense", seed), StageState::kWaiting, "cores");
  }
  writer.SetStageState(StageFor(StageRole::kParent), StageState::kWaiting, "memory");
  const StudyView view = Read();
  ASSERT_EQ(view.waits.size(), 2u);
  EXPECT_EQ(view.waits[0].stages, 2);
  EXPECT_EQ(view.waits[0].reason, "cores");
  EXPECT_EQ(view.waits[0].serves, "");
  EXPECT_EQ(view.waits[1].serves, "4 runs");
}

TEST_F(StudyViews, TellsFailuresAndWhatWasTriedAgainNewestFirst) {
  Record({"dense", "routed"}, {0});
  Fail("dense", 0,
       {.outcome = StageState::kFailed, .cause = "killed", .message = "by hand", .time = 10});
  RunHalf("dense", 0);
  Fail("routed", 0,
       {.outcome = StageState::kDiverged, .cause = "diverged", .message = "NaN", .time = 20});
  const StudyView view = Read();
  ASSERT_EQ(view.messages.size(), 2u);
  EXPECT_EQ(view.messages[0].kind, "diverged");
  EXPECT_EQ(view.messages[0].about, "train (routed, seed 0)");
  EXPECT_EQ(view.messages[1].kind, "retried");
  EXPECT_EQ(view.messages[1].text, "attempt 1, killed: by hand");
}

TEST_F(StudyViews, TellsLaunchesAndHolds) {
  Record({"dense"}, {0});
  const std::vector<JournalRecord> records = {
      Event(R"({"event": "launch_started", "launch": 1, "study": "study", "host": "lab",
                 "pid": 3, "command_line": "upcycle run", "provenance": {}, "time": 5})"),
      Event(R"({"event": "hold_set", "study": "study", "arm": "dense", "seed": 0,
                 "kind": "paused", "by": "ada", "time": 7})"),
      Event(R"({"event": "launch_ended", "launch": 1, "outcome": {"done": 3, "failed": 0},
                 "time": 9})")};
  writer.IngestRoot(records, 1);
  const StudyView view = Read();
  ASSERT_EQ(view.messages.size(), 3u);
  EXPECT_EQ(view.messages[0].kind, "ended");
  EXPECT_EQ(view.messages[0].text, "3 done");
  EXPECT_EQ(view.messages[1].about, "dense, seed 0");
  EXPECT_EQ(view.messages[1].text, "by ada");
  EXPECT_EQ(view.messages[2].text, "on lab");
  ASSERT_TRUE(view.launch.has_value());
  EXPECT_EQ(view.launch->start.host, "lab");
}

TEST_F(StudyViews, KeepsWhatRunsAndFailedWhereThereIsTooMuch) {
  Record({"a", "b", "c", "d"}, {0, 1, 2, 3});
  RunHalf("d", 3);
  Fail("b", 2, {.outcome = StageState::kFailed, .cause = "disk", .message = "full"});
  const StudyView view = Read({.arms = 2, .runs = 1});
  ASSERT_EQ(view.arms.size(), 2u);
  EXPECT_EQ(view.arms_left_out, 2);
  EXPECT_EQ(view.arms[0].name, "b");
  EXPECT_EQ(view.arms[0].runs.at(0).seed, 2);
  EXPECT_EQ(view.arms[1].name, "d");
  EXPECT_EQ(view.arms[1].runs.at(0).seed, 3);
  EXPECT_EQ(view.arms[1].counts[static_cast<size_t>(StageState::kPlanned)], 3);
}

TEST_F(StudyViews, BoundsListsAndTexts) {
  Record({"a", "b", "c"}, {0});
  const std::string lengthy(1000, 'x');
  for (const char* arm : {"a", "b", "c"}) {
    Fail(arm, 0, {.outcome = StageState::kFailed, .cause = "bug", .message = lengthy});
  }
  const StudyView view = Read({.stages = 2, .messages = 1, .text_bytes = 10});
  EXPECT_EQ(view.ended_early.size(), 2u);
  EXPECT_EQ(view.ended_left_out, 1);
  EXPECT_EQ(view.ended_early[0].stage.reason, "xxxxxxxxxx…");
  EXPECT_EQ(view.messages.size(), 1u);
}

TEST_F(StudyViews, OfAnUnknownStudyIsAnError) {
  Record({"a"}, {0});
  LedgerReader reader(LedgerIn(folder));
  EXPECT_THROW(ReadStudyView(reader, "other", {}), Error);
}

TEST_F(StudyViews, GivesAsJsonWhatStatusGives) {
  Record({"dense"}, {0});
  RunHalf("dense", 0);
  const auto json = StudyViewJson(Read());
  EXPECT_EQ(json["runs"]["running"], 1);
  EXPECT_EQ(json["running"][0]["serves"], "dense, seed 0");
  EXPECT_EQ(json["running"][0]["seconds_left"], 500.0);
  EXPECT_FALSE(json["running"][0]["attempts"][0].contains("provenance"));
  EXPECT_EQ(json["arms"][0]["seeds"][0]["state"], "running");
  EXPECT_TRUE(json["seconds_left"].is_null());
}

TEST(ShortenedText, CutsBetweenCharacters) {
  EXPECT_EQ(ShortenedText("åäö", 6), "åäö");
  EXPECT_EQ(ShortenedText("åäö", 3), "å…");
}

}  // namespace
}  // namespace upcycle
