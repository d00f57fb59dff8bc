#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/ledger/ledger_writer.h"
#include "results/ledger/root_journal.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

// A study that has run once, before its recipe changes.
class ExplainCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    Put(*folder_ / "tiny.yaml", kTinyRecipe);
    const Finished run = Program_({"run"}, {"-j", "2"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static Finished Program_(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.push_back((*folder_ / "tiny.yaml").native());
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--root", (*folder_ / "root").native()});
    return RunProgram(words);
  }
  static std::string Explain(const std::vector<std::string>& more) {
    const Finished finished = Program_({"explain"}, more);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished.out;
  }
  static json ExplainAsJson(std::vector<std::string> more) {
    more.push_back("--json");
    return json::parse(Explain(more)).at("runs");
  }
  // The stage with this role of the only run.
  static json StageOf(const json& runs, const std::string& role) {
    for (const json& stage : runs.at(0).at("stages")) {
      if (stage.at("role") == role) return stage;
    }
    return nullptr;
  }

  static TemporaryFolder* folder_;
};
TemporaryFolder* ExplainCommand::folder_ = nullptr;

TEST_F(ExplainCommand, SaysThatCompleteRunsAreSkipped) {
  const std::string all = Explain({});
  EXPECT_TRUE(Says(all, "dense/0, dense/1, dense/2, moe/0, moe/1, moe/2 (6 runs): complete"));
  EXPECT_TRUE(Says(Explain({"moe/0"}), "train           skipped   complete already\n"));
  EXPECT_TRUE(Says(Explain({"moe/0"}), "parent          skipped   complete already, for 6 runs\n"));
}

TEST_F(ExplainCommand, NamesTheSettingThatChanged) {
  const json train = StageOf(ExplainAsJson({"moe/0", "--set", "train.tokens=20k"}), "train");
  EXPECT_EQ(train.at("verdict"), "will run");
  EXPECT_EQ(train.at("earlier").at("state"), "complete");
  EXPECT_EQ(train.at("differences"),
            json::parse(R"([{"role": "train", "content": false, "program": false, "settings":
                             [{"path": "train.tokens", "was": 15000, "is": 20000}]}])"));
}

TEST_F(ExplainCommand, NamesTheParentThatDiffers) {
  const std::vector<std::string> change = {"--set", "parent.train.tokens=30k"};
  const json train = StageOf(ExplainAsJson({"moe/0", change[0], change[1]}), "train");
  EXPECT_EQ(train.at("verdict"), "waits");
  EXPECT_EQ(train.at("waits_for"), (json{"parent", "start"}));
  ASSERT_EQ(train.at("differences").size(), 1u);
  EXPECT_EQ(train.at("differences").at(0).at("role"), "parent");
  const std::string all = Explain(change);
  EXPECT_TRUE(Says(all,
                   "  parent          will run  never done\n"
                   "      one like it is complete; since then\n"
                   "        its own settings: train.tokens was 20000, is 30000\n"));
}

TEST_F(ExplainCommand, SaysThatTheDataDiffer) {
  const std::string text =
      Explain({"moe/0/train", "--set", "data.train=[{kind: atlas, people: 9}]"});
  EXPECT_TRUE(Says(text, "its tokens: the content of the data is another\n"));
  EXPECT_TRUE(Says(text, "its tokens: data.train.0.people was 8, is 9\n"));
  EXPECT_FALSE(Says(text, "evaluate"));
}

TEST_F(ExplainCommand, ComparesNoNewSeedWithAnother) {
  const json train = StageOf(ExplainAsJson({"moe/7", "--set", "seeds=[7]"}), "train");
  EXPECT_TRUE(train.at("earlier").is_null());
  EXPECT_EQ(train.at("why"), "never done");
}

TEST_F(ExplainCommand, RemembersWhatARecipeWasBeforeItChanged) {
  const Finished dry = Program_({"run"}, {"--set", "train.tokens=20k", "-j", "2"});
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  // Both recordings are in the root's journal: going back finds the first again, a third the last.
  EXPECT_TRUE(Says(Explain({"moe/0"}), "complete, nothing to do"));
  EXPECT_TRUE(Says(Explain({"moe/0/train", "--set", "train.tokens=25k"}),
                   "train.tokens was 20000, is 25000"));
}

TEST_F(ExplainCommand, TellsOfHoldsAndFailures) {
  const fs::path root = *folder_ / "held";
  fs::copy(*folder_ / "root", root, fs::copy_options::recursive);
  {
    LedgerWriter ledger(root / "ledger.sqlite");
    RootJournal journal(root, ledger);
    journal.SetHold({.scope = {.study = "tiny", .arm = "moe", .seed = 1}, .by = "ada@lab"});
    LedgerReader reader(root / "ledger.sqlite");
    const StudyFacts study = reader.ReadStudy("tiny");
    const RunFacts& run = study.arms[1].runs[1];
    const auto train = study.stages[*run.StageOf(StageRole::kTrain)].fingerprint;
    ledger.SetStageState(train, StageState::kFailed, "no room");
  }
  const Finished text = RunProgram({"explain", "tiny", "moe/1", "--root", root.native()});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(Says(text.out, "  this run is paused by ada@lab\n"));
  EXPECT_TRUE(Says(text.out,
                   "train           paused    failed before, is tried again; failed: no "
                   "room\n"));
}

TEST_F(ExplainCommand, CallsARunThatWasPrunedNotComplete) {
  const fs::path root = *folder_ / "pruned";
  fs::copy(*folder_ / "root", root, fs::copy_options::recursive);
  {
    LedgerWriter ledger(root / "ledger.sqlite");
    const StudyFacts study = LedgerReader(root / "ledger.sqlite").ReadStudy("tiny");
    const RunFacts& run = study.arms[1].runs[1];
    for (const StageRole role : {StageRole::kTrain, StageRole::kEvaluate}) {
      ledger.SetStageState(study.stages[*run.StageOf(role)].fingerprint, StageState::kPruned);
    }
  }
  const std::string all = RunProgram({"explain", "tiny", "--root", root.native()}).out;
  EXPECT_TRUE(Says(all, "dense/0, dense/1, dense/2, moe/0, moe/2 (5 runs): complete"));
  EXPECT_TRUE(Says(all, "moe/1:\n"));
  EXPECT_TRUE(Says(all, "train           skipped   pruned by early stopping\n"));
}

TEST_F(ExplainCommand, RefusesWhatIsNeitherRecipeNorStudy) {
  const Finished unknown = RunProgram({"explain", "tyni", "--root", (*folder_ / "root").native()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Says(unknown.err, "there is no study \"tyni\""));
  const Finished nothing = RunProgram({"explain", "tiny", "--root", (*folder_ / "no").native()});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_TRUE(Says(nothing.err, "neither a recipe tiny nor a ledger"));
  const Finished set =
      RunProgram({"explain", "tiny", "--set", "seeds=1", "--root", (*folder_ / "root").native()});
  EXPECT_TRUE(Says(set.err, "change a recipe, and tiny is a study"));
}

}  // namespace
}  // namespace upcycle
