#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "core/files.h"
#include "results/ledger/ledger_writer.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

class GcCommand : public testing::Test {
 protected:
  GcCommand() {
    Put(recipe_, kTinyRecipe);
    const Finished run = Run();
    EXPECT_EQ(run.exit_code, 0) << run.err;
    study_ = Study();
  }

  Finished Run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", recipe_.native(), "--root", root_.native(), "-j", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return RunProgram(words);
  }
  Finished Gc(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"gc", "--root", root_.native()};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = RunProgram(words);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished;
  }

  StudyFacts Study() const { return LedgerReader(root_ / "ledger.sqlite").ReadStudy("tiny"); }
  fs::path FolderOf(size_t arm, size_t run, StageRole role) const {
    const RunFacts& facts = study_.arms[arm].runs[run];
    return root_ / "stages" / study_.stages[*facts.StageOf(role)].fingerprint.Hex();
  }
  // Names of what lies below the root's stages.
  std::set<std::string> Files() const {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "stages")) {
      files.insert(entry.path().native());
    }
    return files;
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "root";
  StudyFacts study_;
};

TEST_F(GcCommand, SaysWhatWouldGoAndTouchesNothing) {
  const auto before = Files();
  const Finished plan = Gc({});
  EXPECT_TRUE(Says(plan.out, "nothing reads it any more"));
  EXPECT_TRUE(Says(plan.out, "last of tiny"));
  EXPECT_TRUE(Says(plan.out, "; --yes does it"));
  EXPECT_EQ(Files(), before);
}

TEST_F(GcCommand, KeepsWhatItIsToldTo) {
  Gc({"--keep", "baseline,parents", "--yes"});
  EXPECT_TRUE(fs::exists(FolderOf(0, 0, StageRole::kTrain) / "model"));  // dense, the baseline
  EXPECT_TRUE(fs::exists(FolderOf(0, 0, StageRole::kParent) / "model"));
  EXPECT_FALSE(fs::exists(FolderOf(1, 0, StageRole::kTrain) / "model"));
  EXPECT_FALSE(fs::exists(FolderOf(1, 0, StageRole::kStart) / "model"));
  EXPECT_FALSE(fs::exists(FolderOf(0, 0, StageRole::kTokens) / "tokens"));
  for (const StageRole role : {StageRole::kTrain, StageRole::kStart, StageRole::kTokens}) {
    for (const char* name : {"journal", "log.txt", "stage.json"}) {
      EXPECT_TRUE(fs::exists(FolderOf(1, 0, role) / name)) << name;
    }
  }
}

TEST_F(GcCommand, LeavesCompleteStagesCompleteAndMakesAgainWhatLaterOnesNeed) {
  const LedgerContent before = ContentOf(root_, "tiny");
  Gc({"--keep", "none", "--yes"});
  EXPECT_TRUE(Says(Run().err, "nothing to do"));
  EXPECT_EQ(DifferencesBetween(before, ContentOf(root_, "tiny")), "");

  const Finished more = Run({"--set", "seeds=[0, 1, 2, 3]"});
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_TRUE(Says(more.err,
                   "again     parent: a later stage reads its output, but it was removed "
                   "by `upcycle gc`"));
  EXPECT_FALSE(Says(more.err, "seed 2"));
  EXPECT_TRUE(fs::exists(FolderOf(0, 0, StageRole::kParent) / "model"));
}

TEST_F(GcCommand, KeepsWhatARunReadsThatIsNotComplete) {
  {
    LedgerWriter ledger(root_ / "ledger.sqlite");
    const RunFacts& run = study_.arms[1].runs[2];
    ledger.SetStageState(study_.stages[*run.StageOf(StageRole::kTrain)].fingerprint,
                         StageState::kStopped, "");
    ledger.SetStageState(study_.stages[*run.StageOf(StageRole::kEvaluate)].fingerprint,
                         StageState::kPlanned, "");
  }
  Put(FolderOf(1, 2, StageRole::kTrain) / "checkpoints/step_1/weights", "1");
  Put(FolderOf(1, 1, StageRole::kTrain) / "checkpoints/step_1/weights", "1");
  const Finished gone = Gc({"--keep", "none", "--yes"});
  EXPECT_TRUE(Says(gone.out, "moe/2/train reads it"));
  EXPECT_TRUE(fs::exists(FolderOf(1, 2, StageRole::kStart) / "model"));
  EXPECT_TRUE(fs::exists(FolderOf(1, 2, StageRole::kTokens) / "tokens"));
  EXPECT_TRUE(fs::exists(FolderOf(1, 2, StageRole::kTrain) / "checkpoints"));
  EXPECT_FALSE(fs::exists(FolderOf(1, 1, StageRole::kTrain) / "checkpoints"));
  EXPECT_FALSE(fs::exists(FolderOf(1, 1, StageRole::kStart) / "model"));
}

TEST_F(GcCommand, LeavesAloneWhatAProcessIsAt) {
  const auto lock = FileLock::TryAcquire(FolderOf(1, 0, StageRole::kStart) / "lock");
  const Finished gone = Gc({"--yes"});
  EXPECT_TRUE(Says(gone.err, "which is left alone"));
  EXPECT_TRUE(fs::exists(FolderOf(1, 0, StageRole::kStart) / "model"));
  EXPECT_FALSE(fs::exists(FolderOf(1, 1, StageRole::kStart) / "model"));
}

TEST_F(GcCommand, WaitsForNoScheduler) {
  const auto lock = FileLock::TryAcquire(root_ / "scheduler.lock");
  const Finished refused = RunProgram({"gc", "--root", root_.native(), "--yes"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, "is at work under"));
}

TEST_F(GcCommand, ListsOrphansApartAndRemovesThemWhenAskedTo) {
  ASSERT_EQ(Run({"--set", "train.tokens=20k"}).exit_code, 0);  // the first trainings are no one's
  const fs::path orphan = FolderOf(1, 0, StageRole::kTrain) / "model";
  EXPECT_TRUE(Says(Gc({"--yes"}).out, "of no study any more; stays without --orphans"));
  EXPECT_TRUE(fs::exists(orphan));
  const json gone = json::parse(Gc({"--yes", "--orphans", "--json"}).out);
  EXPECT_EQ(gone.at("orphans").size(), 6u);
  EXPECT_GT(gone.at("bytes"), 0);
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(orphan.parent_path() / "journal"));
}

TEST_F(GcCommand, FollowsNoLinkOutOfTheStages) {
  const fs::path start = FolderOf(1, 0, StageRole::kStart);
  fs::rename(start, folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", start);
  Put(root_ / "stages/mine/model/model.safetensors", "1");
  const Finished gone = Gc({"--keep", "none", "--yes", "--orphans"});
  EXPECT_TRUE(Says(gone.err, "is a link, and is left alone"));
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere/model/model.safetensors"));
  EXPECT_TRUE(fs::exists(root_ / "stages/mine/model/model.safetensors"));
}

TEST_F(GcCommand, RefusesWordsThatKeepNothingKnown) {
  const Finished refused = RunProgram({"gc", "--root", root_.native(), "--keep", "best,all"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, "--keep all: expected best or last"));
}

}  // namespace
}  // namespace upcycle
