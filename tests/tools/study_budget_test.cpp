// What a budget does to a study that is really run.

#include <gtest/gtest.h>

#include "results/ledger/ledger_reader.h"
#include "tests/says.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

class StudyBudgetTest : public testing::Test {
 protected:
  StudyBudgetTest() { Put(recipe_, kTinyRecipe); }

  Finished Upcycle(const std::string& command, std::vector<std::string> settings,
                   std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {command, recipe_.native(), "--root", root_.native()};
    for (std::string& setting : settings) {
      words.insert(words.end(), {"--set", std::move(setting)});
    }
    words.insert(words.end(), more.begin(), more.end());
    return RunProgram(words);
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "recipe.yaml";
  fs::path root_ = folder_ / "runs";
};

// Of models so large that their weights are all that counts: one seed keeps 4 MB, two keep 8.
TEST_F(StudyBudgetTest, LeavesOutTheHighestSeedsOfAllArms) {
  const std::vector<std::string> cut = {"budget.disk_gb=0.006", "budget.on_exceed=cut",
                                        "model.ffn_width=1024"};
  const Finished plan = Upcycle("plan", cut);
  EXPECT_NE(plan.out.find("1 of 3 seeds fit into the budget"), std::string::npos) << plan.out;
  const Finished run = Upcycle("run", cut);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  LedgerReader ledger(root_ / "ledger.sqlite");
  const StudyFacts study = ledger.ReadStudy("tiny");
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& its : arm.runs) {
      EXPECT_EQ(StateOfRun(study, its),
                its.seed == 0 ? StageState::kComplete : StageState::kPlanned);
    }
  }
  for (const StageFacts& stage : study.stages) {
    if (stage.state == StageState::kComplete) continue;
    EXPECT_EQ(stage.reason, "left out to keep within budget.disk_gb=0.006");
  }
  // Where nothing is begun, too, the reason is that of now.
  EXPECT_EQ(Upcycle("run", {"budget.disk_gb=0.0061", cut[1], cut[2]}).exit_code, 0);
  for (const StageFacts& stage : ledger.ReadStudy("tiny").stages) {
    if (stage.state == StageState::kComplete) continue;
    EXPECT_EQ(stage.reason, "left out to keep within budget.disk_gb=0.0061");
  }
}

TEST_F(StudyBudgetTest, AsksOnATerminalAloneAndTakesYes) {
  const std::vector<std::string> ask = {"budget.core_hours=1e-7", "budget.on_exceed=ask",
                                        "seeds=1"};
  const Finished refused = Upcycle("run", ask);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--yes"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(root_ / "stages"));
  const Finished run = Upcycle("run", ask, {"--yes"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  // Nothing is left to do, so that nothing can exceed it.
  EXPECT_EQ(Upcycle("run", ask).exit_code, 0);
}

TEST_F(StudyBudgetTest, MeasuresEachWayOfDividingTheCoresAndKeepsIt) {
  const Finished probe = Upcycle("plan", {}, {"--probe"});
  EXPECT_EQ(probe.exit_code, 0) << probe.err;
  EXPECT_NE(probe.out.find("measured of the costliest training: -j 1 with"), std::string::npos);
  const size_t begin = probe.out.find("runs share the machine as");
  const Finished later = Upcycle("plan", {});
  EXPECT_NE(later.out.find(probe.out.substr(begin)), std::string::npos) << later.out;
}

}  // namespace
}  // namespace upcycle
