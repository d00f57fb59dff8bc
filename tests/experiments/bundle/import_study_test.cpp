#include "experiments/bundle/import_study.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "experiments/bundle/export_study.h"
#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/rebuild.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/root_journal.h"
#include "tests/caught_error.h"
#include "tests/experiments/bundle/bundle_fixture.h"
#include "tests/processes.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class ImportStudyTest : public testing::Test {
 protected:
  ImportStudyTest() {
    MakeRoot(source_);
    MakeDirectories(here_);
  }

  ExportedStudy Export(BundledModels models = BundledModels::kNone, bool logs = false) const {
    return ExportStudy(source_, {"study", models, logs}, bundle_);
  }
  ImportedStudy Import(const std::string& name = "") const {
    return ImportStudy(here_, bundle_, {name});
  }
  std::string Refusal(const std::string& name = "") const {
    const BundleFiles before = ContentOf(here_);
    const std::string message = MessageOf([&] { Import(name); });
    EXPECT_EQ(ContentOf(here_), before);
    return message;
  }

  StageFolder FolderHere(StageRole role, const std::string& arm = "") const {
    return {here_, StageFor(role, arm)};
  }

  // Every launch, attempt, point and result of a stage, as the ledger has them.
  nlohmann::json Recorded(const fs::path& root, const std::string& study = "study") const {
    LedgerReader ledger(root / "ledger.sqlite");
    const StudyFacts facts = ledger.ReadStudy(study);
    nlohmann::json content;
    for (const LaunchFacts& launch : ledger.ReadLaunches(study)) {
      content["launches"].push_back(EventOf(launch.start));
      if (launch.end) content["launches"].push_back(EventOf(*launch.end));
    }
    for (const StageFacts& stage : facts.stages) {
      auto& entry = content[stage.fingerprint.Hex()];
      entry["state"] = NameOf(stage.state);
      for (const AttemptFacts& attempt : ledger.ReadAttempts(stage.id)) {
        entry["attempts"].push_back({EventOf(attempt.start), EventOf(attempt.end.value())});
      }
      for (const auto& [metric, latest] : ledger.ReadLatest(stage.id)) {
        for (const MetricPoint& point : ledger.ReadPoints(stage.id, metric)) {
          entry[metric].push_back({point.step, point.value});
        }
      }
    }
    return content;
  }

  TemporaryFolder folder_;
  fs::path source_ = folder_ / "source", here_ = folder_ / "here";
  fs::path bundle_ = folder_ / "study.bundle";
};

TEST_F(ImportStudyTest, ComesOfAnExportThatTakesAwayWhatKilledOnesLeft) {
  const std::string ending = "." + std::to_string(EndedProcess()) + ".tmp";
  Put(bundle_.native() + ending, "half");
  Put(bundle_.native() + ".journal" + ending, "half");
  Export();
  EXPECT_FALSE(fs::exists(bundle_.native() + ending));
  EXPECT_FALSE(fs::exists(bundle_.native() + ".journal" + ending));
}

TEST_F(ImportStudyTest, TakesOverWhatAnEmptyRootLacks) {
  const ExportedStudy exported = Export();
  EXPECT_EQ(exported.stages, 6);
  const ImportedStudy imported = Import();
  EXPECT_EQ(imported.added, 6);
  EXPECT_EQ(imported.launches, 1);
  EXPECT_EQ(imported.records, 1);
  EXPECT_EQ(Recorded(here_), Recorded(source_));
  RebuildLedger(here_);
  EXPECT_EQ(Recorded(here_), Recorded(source_));
}

TEST_F(ImportStudyTest, RefusesANameThatNoRecipeMayHave) {
  Export();
  for (const char* name : {" ", "../x", "a/b", "a\nb", "--json"}) {
    EXPECT_TRUE(Says(Refusal(name), "a study cannot be called")) << name;
  }
}

TEST_F(ImportStudyTest, TheSameRootGivesTheSameBytes) {
  Export(BundledModels::kAll, true);
  const std::string once = ReadTextFile(bundle_);
  Export(BundledModels::kAll, true);
  EXPECT_EQ(ReadTextFile(bundle_), once);
}

TEST_F(ImportStudyTest, TakesWhatWasAskedForAlong) {
  const auto parts = [&](BundledModels models, bool logs) {
    Export(models, logs);
    std::map<std::string, int> counts;
    for (const auto& [name, content] : ReadBundle(bundle_, nullptr)) ++counts[PlaceOf(name).part];
    return counts;
  };
  using Counts = std::map<std::string, int>;
  EXPECT_EQ(parts(BundledModels::kNone, false), (Counts{{"journal", 7}, {"stage.json", 6}}));
  EXPECT_EQ(parts(BundledModels::kLast, false),
            (Counts{{"journal", 7}, {"stage.json", 6}, {"model", 6}}));
  EXPECT_EQ(
      parts(BundledModels::kAll, true),
      (Counts{{"journal", 7}, {"stage.json", 6}, {"log.txt", 6}, {"model", 9}, {"tokens", 3}}));
}

TEST_F(ImportStudyTest, LeavesADamagedOutputOutAndSaysSo) {
  Put(StageFolder(source_, StageFor(StageRole::kTrain, "dense")).model() / "weights", "flipped");
  const ExportedStudy exported = Export(BundledModels::kLast);
  EXPECT_EQ(exported.outputs, 1);
  ASSERT_EQ(exported.notes.size(), 1u);
  EXPECT_TRUE(Says(exported.notes[0], "is not what was written"));
}

TEST_F(ImportStudyTest, TwiceChangesNothing) {
  Export(BundledModels::kAll, true);
  Import();
  const BundleFiles once = ContentOf(here_);
  const auto recorded = Recorded(here_);
  const ImportedStudy again = Import();
  EXPECT_EQ(again.kept, 6);
  EXPECT_EQ(again.added + again.outputs + again.launches + again.records, 0);
  EXPECT_EQ(ContentOf(here_), once);
  EXPECT_EQ(Recorded(here_), recorded);
}

TEST_F(ImportStudyTest, ACompleteStageWithoutItsModelSaysWhereThatWent) {
  Export();
  Import();
  const StageFolder train = FolderHere(StageRole::kTrain, "dense");
  EXPECT_TRUE(Says(train.FindOutputDamage(StageKind::kTrain), "the bundle that it came from"));
  EXPECT_FALSE(fs::exists(FolderHere(StageRole::kEvaluate, "dense").removal_note()));
}

TEST_F(ImportStudyTest, BringsModelsLater) {
  Export();
  Import();
  Export(BundledModels::kLast);
  EXPECT_EQ(Import().outputs, 2);
  const StageFolder train = FolderHere(StageRole::kTrain, "dense");
  EXPECT_EQ(train.FindOutputDamage(StageKind::kTrain), "");
  EXPECT_EQ(Import().outputs, 0);
}

// A root that was at work has launches of its own under the same numbers.
TEST_F(ImportStudyTest, GivesLaunchesNumbersOfTheirOwn) {
  {
    LedgerWriter ledger(here_ / "ledger.sqlite");
    RootJournal journal(here_, ledger);
    journal.StartLaunch({.study = "another", .host = "here", .pid = 1, .time = 1.0});
    journal.StartLaunch({.study = "another", .host = "here", .pid = 2, .time = 2.0});
  }
  Export();
  Import();
  const auto recorded = Recorded(here_);
  EXPECT_EQ(recorded["launches"][0]["launch"], 3);
  EXPECT_EQ(recorded["launches"][0]["host"], "lab");
  for (const StageRecord& stage : RecordOfRoot().stages) {
    EXPECT_EQ(recorded[stage.fingerprint.Hex()]["attempts"][0][0]["launch"], 3);
  }
  EXPECT_EQ(Import().launches, 0);
  EXPECT_EQ(Recorded(here_), recorded);
}

TEST_F(ImportStudyTest, GoesOnWithAStageThatWasBegunHere) {
  const Fingerprint train = StageFor(StageRole::kTrain, "dense");
  const fs::path journal = StageFolder(source_, train).journal();
  fs::remove(journal);
  Attempt(source_, train, StageState::kStopped, 0.5);
  Export();
  Import();
  EXPECT_EQ(Recorded(here_)[train.Hex()]["state"], "stopped");
  Put(FolderHere(StageRole::kTrain, "dense").checkpoints() / "state", "of step 3");
  Attempt(source_, train, StageState::kComplete, 0.5, 2);
  Export();
  const ImportedStudy imported = Import();
  EXPECT_EQ(imported.continued, 1);
  EXPECT_EQ(imported.kept, 5);
  EXPECT_EQ(Recorded(here_)[train.Hex()]["state"], "complete");
  EXPECT_EQ(Recorded(here_)[train.Hex()]["attempts"].size(), 2u);
  EXPECT_TRUE(fs::exists(FolderHere(StageRole::kTrain, "dense").checkpoints() / "state"));
}

TEST_F(ImportStudyTest, KeepsAStageThatGotFurtherHere) {
  Export();
  Import();
  const Fingerprint train = StageFor(StageRole::kTrain, "dense");
  Attempt(here_, train, StageState::kComplete, 0.5, 1);
  const ImportedStudy imported = Import();
  EXPECT_EQ(imported.kept, 6);
  EXPECT_EQ(Recorded(here_)[train.Hex()]["attempts"].size(), 2u);
}

// The same stage, done on two machines: other times, the same results.
TEST_F(ImportStudyTest, KeepsAStageThatWasDoneHereToo) {
  Export();
  MakeRoot(here_);
  const Fingerprint train = StageFor(StageRole::kTrain, "dense");
  fs::remove(StageFolder(here_, train).journal());
  Attempt(here_, train, StageState::kComplete, 0.5, 77);
  RebuildLedger(here_);
  EXPECT_EQ(Import().kept, 6);
}

TEST_F(ImportStudyTest, RefusesAStageThatCameToAnotherEndHere) {
  Export();
  MakeRoot(here_, 0.25);
  const std::string refusal = Refusal();
  EXPECT_TRUE(Says(refusal, "came to something else here: train/loss at 1 is 0.25 here and 0.5"));
  EXPECT_TRUE(Says(refusal, "nothing was changed"));
}

TEST_F(ImportStudyTest, RefusesAStageThatWasBegunOtherwiseHere) {
  Export();
  const StageFolder train = FolderHere(StageRole::kTrain, "dense");
  MakeDirectories(train.path());
  Attempt(here_, StageFor(StageRole::kTrain, "dense"), StageState::kStopped, 0.5, 77);
  EXPECT_TRUE(Says(Refusal(), "was begun here too and is not complete: complete it, or remove"));
}

TEST_F(ImportStudyTest, RefusesWhileAProcessIsAtAStage) {
  Export();
  MakeRoot(here_);
  const auto lock = FileLock::TryAcquire(FolderHere(StageRole::kTrain, "dense").lock());
  EXPECT_TRUE(Says(Refusal(), "a process is at"));
}

TEST_F(ImportStudyTest, RefusesAnotherStudyOfTheSameName) {
  Export();
  StudyRecord other = RecordOfRoot();
  other.description = "of somebody else";
  {
    LedgerWriter ledger(here_ / "ledger.sqlite");
    RootJournal(here_, ledger).RecordStudy(other);
  }
  EXPECT_TRUE(Says(Refusal(), "there is another study \"study\" here"));
  EXPECT_EQ(Import("theirs").study, "theirs");
  LedgerReader ledger(here_ / "ledger.sqlite");
  EXPECT_EQ(ledger.StudyNames(), (std::vector<std::string>{"study", "theirs"}));
  EXPECT_EQ(ledger.ReadStudy("study").description, "of somebody else");
  EXPECT_EQ(ledger.ReadLaunches("theirs").size(), 1u);
}

// A recipe that was changed on the other machine, or here, is the same study still.
TEST_F(ImportStudyTest, TakesOverHowAStudyWentOn) {
  Export();
  Import();
  StudyRecord later = RecordOfRoot();
  later.description = "with a second thought";
  {
    LedgerWriter ledger(source_ / "ledger.sqlite");
    RootJournal(source_, ledger).RecordStudy(later);
  }
  const std::string early = ReadTextFile(bundle_);
  Export();
  EXPECT_EQ(Import().records, 1);
  EXPECT_EQ(LedgerReader(here_ / "ledger.sqlite").ReadStudy("study").description,
            later.description);
  Put(bundle_, early);
  EXPECT_EQ(Import().records, 0);
  EXPECT_EQ(LedgerReader(here_ / "ledger.sqlite").ReadStudy("study").description,
            later.description);
}

TEST_F(ImportStudyTest, TakesHoldsOfAStudyThatIsNew) {
  {
    LedgerWriter ledger(source_ / "ledger.sqlite");
    RootJournal journal(source_, ledger);
    journal.SetHold({.scope = {.study = "study", .arm = "routed"}, .by = "ada@lab"});
    journal.SetHold({.scope = {.study = "study", .arm = "dense"}});
    journal.LiftHold({{.study = "study", .arm = "dense"}});
  }
  Export();
  Import();
  {
    LedgerWriter ledger(here_ / "ledger.sqlite");
    ASSERT_EQ(LedgerReader(here_ / "ledger.sqlite").ReadHolds().size(), 1u);
    RootJournal(here_, ledger).LiftHold({{.study = "study", .arm = "routed"}});
  }
  Import();
  EXPECT_TRUE(LedgerReader(here_ / "ledger.sqlite").ReadHolds().empty());
}

}  // namespace
}  // namespace upcycle
