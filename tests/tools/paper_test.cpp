// `upcycle paper` on a made-up paper: its findings come out of real runs.

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/files.h"
#include "results/ledger/ledger_reader.h"
#include "tests/says.h"
#include "tests/tools/caught_worker.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_paper.h"

namespace upcycle {
namespace {

using nlohmann::json;

class PaperTest : public testing::Test {
 protected:
  PaperTest() { PutTinyPaper(paper_); }

  std::vector<std::string> Command(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"paper", paper_.native(), "--root", root_.native(), "-j",
                                      "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished Run(std::vector<std::string> more = {}) const { return RunProgram(Command(more)); }

  TemporaryFolder folder_;
  fs::path paper_ = folder_ / "tiny paper";
  fs::path root_ = folder_ / "root";
};

TEST_F(PaperTest, SupportsContradictsAndCannotTell) {
  const Finished run = Run({"--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  const json& findings = report.at("findings");
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].at("verdict"), "supports");
  EXPECT_EQ(findings[1].at("verdict"), "contradicts");
  EXPECT_EQ(findings[2].at("verdict"), "cannot tell");
  EXPECT_EQ(findings[3].at("verdict"), "contradicts");
  EXPECT_EQ(findings[3].at("study"), "tiny-experts-paper");
  const double difference = findings[0].at("contrasts").at(0).at("difference");
  EXPECT_LT(difference, 0);
  EXPECT_EQ(findings[1].at("contrasts").at(0).at("difference"), -difference);
  // The claims of one direction are one family.
  const json& test = findings[0].at("contrasts").at(0);
  EXPECT_GE(test.at("adjusted_p").get<double>(), 3 * test.at("p").get<double>());
  EXPECT_EQ(report.at("spent").at("complete_stages"), report.at("spent").at("stages"));
}

TEST_F(PaperTest, MakesWhatStudiesShareOnceAndNothingTwice) {
  ASSERT_EQ(Run().exit_code, 0);
  LedgerReader ledger(root_ / "ledger.sqlite");
  int corpora = 0;
  for (const auto& [stage, state] : ledger.StageStates()) {
    const StageFacts facts = ledger.FindStage(stage).value();
    EXPECT_EQ(state, StageState::kComplete);
    EXPECT_EQ(ledger.ReadAttempts(facts.id).size(), 1u) << facts.kind;
    corpora += facts.kind == "tokens";
  }
  EXPECT_EQ(corpora, 1);
  const Finished again = Run();
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_TRUE(Says(again.err, "tiny-tokens: 19 stages of 8 runs, all complete already"));
  EXPECT_TRUE(Says(again.err, "tiny-experts: 23 stages of 8 runs, all complete already"));
}

TEST_F(PaperTest, WritesAFileThatItWritesAgain) {
  const fs::path output = folder_ / "FINDINGS.md";
  ASSERT_EQ(Run({"-f", "markdown", "-o", output.native()}).exit_code, 0);
  const std::string text = ReadTextFile(output);
  EXPECT_TRUE(text.starts_with("# Findings: Small models of small worlds\n"));
  EXPECT_TRUE(Says(text, "upcycle paper 'tiny paper' --format markdown --output FINDINGS.md"));
  EXPECT_FALSE(Says(text, folder_.path().native())) << "a path of this machine";
  EXPECT_TRUE(Says(text, "1 supports, 2 contradict, 1 cannot tell"));
  const Finished table =
      RunProgram({"export", "tiny-tokens", "--root", root_.native(), "--format", "markdown"});
  const std::string rows = table.out.substr(0, table.out.find("\n- "));
  EXPECT_TRUE(Says(rows, "### tiny-tokens: "));
  EXPECT_TRUE(Says(text, "\n## Studies\n\n" + rows));
  ASSERT_EQ(Run({"--no-run", "-f", "markdown", "-o", output.native()}).exit_code, 0);
  EXPECT_EQ(ReadTextFile(output), text);
}

TEST_F(PaperTest, LooksAheadWithoutATraceOnDisk) {
  const Finished ahead = Run({"--dry-run"});
  EXPECT_EQ(ahead.exit_code, 0) << ahead.err;
  EXPECT_TRUE(Says(ahead.err, "would do  train long, seed 3: never done"));
  EXPECT_TRUE(Says(ahead.err, "tiny-tokens: 2 arms × 4 seeds, 19 of 19 stages to do"));
  EXPECT_TRUE(Says(ahead.err, "tiny-experts: 2 arms × 4 seeds, 20 of 23 stages to do"));
  EXPECT_TRUE(Says(ahead.err, "core hours"));
  const Finished judged = Run({"--no-run"});
  EXPECT_EQ(judged.exit_code, 0) << judged.err;
  EXPECT_TRUE(Says(judged.out, "the study tiny-tokens has not been run"));
  EXPECT_TRUE(Says(judged.out, "0 support, 1 contradicts, 3 cannot tell"));
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(PaperTest, PricesAnotherSizeUnlessItIsAskedToRunIt) {
  const Finished priced = Run({"--size", "paper"});
  EXPECT_EQ(priced.exit_code, 0) << priced.err;
  EXPECT_TRUE(Says(priced.err, "nothing was run at size paper; --run runs it"));
  EXPECT_TRUE(Says(priced.err, "tiny-tokens-paper: 2 arms × 2 seeds, 11 of 11 stages to do"));
  EXPECT_TRUE(Says(priced.out, "1 contradicts"));
  EXPECT_FALSE(fs::exists(root_));
  const Finished run = Run({"--size", "paper", "--run", "--seeds", "1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Says(run.out, "a test needs at least 2 paired seeds, and there is 1"));
}

TEST_F(PaperTest, StopsOnCtrlCAndGoesOn) {
  Program run(Command());
  const CaughtWorker worker(run, root_);
  run.Signal(SIGINT);
  EXPECT_TRUE(run.Await([&] { return IsPending(worker.pid(), SIGTERM); }));
  worker.LetGoOn();
  const Finished stopped = run.Wait();
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_EQ(stopped.out, "");
  EXPECT_EQ(Run().exit_code, 0);
}

TEST_F(PaperTest, WarnsWhereRunsAreOfAnotherRecipe) {
  ASSERT_EQ(Run().exit_code, 0);
  EXPECT_FALSE(Says(Run({"--no-run"}).err, "warning"));
  Put(paper_ / "experts.yaml",
      ReadTextFile(paper_ / "experts.yaml") + "\ntrain: {learning_rate: {peak: 4e-3}}\n");
  EXPECT_TRUE(Says(Run({"--no-run"}).err, "the recorded runs of tiny-experts are of other"));
}

TEST_F(PaperTest, RunsNothingWhereItsReportHasNoFolder) {
  const Finished run = Run({"-o", (root_ / "no such folder" / "findings.md").native()});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "there is no folder"));
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(PaperTest, RefusesWhatIsNoPaper) {
  const Finished unknown = RunProgram({"paper", "no-such-paper"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Says(unknown.err, "there is no paper \"no-such-paper\" in recipes/papers or "));
  const Finished size = Run({"--size", "lap"});
  EXPECT_EQ(size.exit_code, 2);
  EXPECT_TRUE(Says(size.err, "did you mean \"lab\"?"));
  EXPECT_EQ(Run({"--format", "latex"}).exit_code, 2);
  EXPECT_TRUE(Says(Run({"--format", "markdown", "--json"}).err, "choose one of"));
  EXPECT_EQ(Run({"--run", "--no-run"}).exit_code, 2);
}

}  // namespace
}  // namespace upcycle
