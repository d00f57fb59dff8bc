#include "experiments/scheduling/rebuild.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiments/run/stage_folder.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/root_journal.h"
#include "results/ledger/study_json.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class RebuildTest : public testing::Test {
 protected:
  // Two runs with attempts, points and results, of a study that the root's journal has.
  RebuildTest() {
    LedgerWriter ledger(Ledger());
    RootJournal journal(folder_.path(), ledger);
    journal.RecordStudy(StudyOf({"dense", "routed"}, {0}));
    journal.StartLaunch({.study = "study", .host = "lab"});
    for (const char* arm : {"dense", "routed"}) {
      const Fingerprint train = StageFor(StageRole::kTrain, arm, 0);
      const StageFolder stage(folder_.path(), train);
      MakeDirectories(stage.path());
      {
        JournalWriter writer(stage.journal());
        writer.Event(EventOf(AttemptStart{.host = "lab", .pid = 7, .launch = 1}));
        for (int step = 1; step <= 50; ++step) writer.Point("train/loss", step, 4.0 / step);
        writer.Event({{"event", "result"}, {"metric", "validation/loss"}, {"value", 0.1}});
        writer.Event(EventOf(AttemptEnd{.outcome = StageState::kComplete, .exit_code = 0}));
      }
      JournalReader reader(stage.journal());
      const auto records = reader.ReadNext();
      ledger.Ingest(train, records, reader.offset());
    }
  }

  fs::path Ledger() const { return folder_ / "ledger.sqlite"; }

  nlohmann::json Content() {
    LedgerReader reader(Ledger());
    nlohmann::json content;
    const StudyFacts study = reader.ReadStudy("study");
    content["study"] = JsonOf(reader.ReadStudyRecord("study"));
    content["launches"] = reader.ReadLaunches("study").size();
    for (const StageFacts& stage : study.stages) {
      nlohmann::json& entry = content["stages"][stage.fingerprint.Hex()];
      entry["state"] = NameOf(stage.state);
      for (const AttemptFacts& attempt : reader.ReadAttempts(stage.id)) {
        entry["attempts"].push_back({EventOf(attempt.start), EventOf(attempt.end.value())});
      }
      for (const MetricPoint& point : reader.ReadPoints(stage.id, "train/loss")) {
        entry["points"].push_back({point.step, point.value});
      }
    }
    return content;
  }

  TemporaryFolder folder_;
};

TEST_F(RebuildTest, TellsOfACompleteStageWhoseJournalIsGone) {
  const Fingerprint lost = StageFor(StageRole::kTrain, "dense", 0);
  fs::remove(StageFolder(folder_.path(), lost).journal());
  const Rebuilt rebuilt = RebuildLedger(folder_.path());
  ASSERT_EQ(rebuilt.problems.size(), 1u);
  EXPECT_TRUE(Says(rebuilt.problems[0], lost.Hex() + "/journal is gone"));
  EXPECT_EQ(LedgerReader(Ledger()).FindStage(lost)->state, StageState::kPlanned);
}

TEST_F(RebuildTest, MakesTheSameLedgerFromJournalsAlone) {
  const nlohmann::json before = Content();
  EXPECT_EQ(before["stages"].dump().find("null"), std::string::npos);
  fs::remove(Ledger());
  const Rebuilt rebuilt = RebuildLedger(folder_.path());
  EXPECT_EQ(Content(), before);
  EXPECT_EQ(rebuilt.studies, 1);
  EXPECT_EQ(rebuilt.stages, 2);
  EXPECT_TRUE(rebuilt.old_ledger.empty());
  EXPECT_TRUE(rebuilt.problems.empty());
}

TEST_F(RebuildTest, KeepsTheLedgerBefore) {
  const nlohmann::json before = Content();
  const Rebuilt rebuilt = RebuildLedger(folder_.path());
  EXPECT_EQ(Content(), before);
  EXPECT_EQ(rebuilt.old_ledger, Ledger().native() + ".before-rebuild-1");
  EXPECT_EQ(LedgerReader(rebuilt.old_ledger).StudyNames(), std::vector<std::string>{"study"});
  EXPECT_EQ(RebuildLedger(folder_.path()).old_ledger, Ledger().native() + ".before-rebuild-2");
}

TEST_F(RebuildTest, ReplacesALedgerThatIsNoDatabaseAnyMore) {
  const nlohmann::json before = Content();
  Put(Ledger(), "scribbled over");
  const Rebuilt rebuilt = RebuildLedger(folder_.path());
  EXPECT_EQ(Content(), before);
  ASSERT_EQ(rebuilt.problems.size(), 1u);
  EXPECT_TRUE(Says(rebuilt.problems[0], "the old ledger could not be read"));
}

TEST_F(RebuildTest, TakesStudiesFromTheOldLedgerThatAreOlderThanTheRootsJournal) {
  const nlohmann::json before = Content();
  fs::remove(RootJournal::PathIn(folder_.path()));
  RebuildLedger(folder_.path());
  const nlohmann::json after = Content();
  EXPECT_EQ(after["stages"], before["stages"]);
  EXPECT_EQ(after["study"]["arms"], before["study"]["arms"]);
}

TEST_F(RebuildTest, SaysWhichJournalCouldNotBeRead) {
  const StageFolder stage(folder_.path(), StageFor(StageRole::kTrain, "dense", 0));
  std::string bytes = ReadTextFile(stage.journal());
  bytes[30] ^= 1;
  Put(stage.journal(), bytes);
  const Rebuilt rebuilt = RebuildLedger(folder_.path());
  ASSERT_EQ(rebuilt.problems.size(), 1u);
  EXPECT_TRUE(Says(rebuilt.problems[0], stage.journal().native()));
  EXPECT_TRUE(Says(rebuilt.problems[0], "the next run of its study does it"));
  EXPECT_EQ(rebuilt.stages, 1);
}

TEST_F(RebuildTest, RefusesAFolderThatHasNothing) {
  const TemporaryFolder empty;
  EXPECT_TRUE(Says(MessageOf([&] { RebuildLedger(empty.path()); }), "there is nothing"));
  EXPECT_TRUE(NamesIn(empty.path()).empty());
}

}  // namespace
}  // namespace upcycle
