// `compare`, `export` and `verify` as they are called: options, files, exit codes.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class TablesCommand : public testing::Test {
 protected:
  TablesCommand() {
    fs::create_directories(root_);
    LedgerWriter ledger(root_ / "ledger.sqlite");
    StudyRecord study = StudyOf({"dense", "routed", "wide"}, {0, 1, 2});
    study.arms[1].cost.experts = study.arms[2].cost.experts = 8;
    study.arms[1].settings = R"({"moe":{"top_k":1}})";
    study.arms[2].settings = R"({"moe":{"top_k":2}})";
    ledger.RecordStudy(study);
    for (int64_t seed = 0; seed < 3; ++seed) {
      const double loss = 3 + 0.125 * static_cast<double>(seed);
      CompleteRun(ledger, "dense", seed, {}, {ResultEvent("validation/loss", loss)});
      CompleteRun(ledger, "routed", seed, {}, {ResultEvent("validation/loss", loss - 0.25)});
    }
  }

  Finished Do(std::vector<std::string> words) const {
    words.insert(words.end(), {"--root", root_.native()});
    return RunProgram(words);
  }
  fs::path Exported(const std::string& format, const std::string& name) const {
    const fs::path file = folder_ / name;
    const Finished done = Do({"export", "study", "--format", format, "-o", file.native()});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return file;
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "root";
};

TEST_F(TablesCommand, ErrorsQuoteNoNameThatATerminalWouldObey) {
  const Finished refused = Do({"compare", "st\x1b[2J\u202Edy"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, "st [2J\uFFFDdy"));
  EXPECT_FALSE(Says(refused.err, "\x1b"));
}

TEST_F(TablesCommand, CompareShowsWhatItIsAskedFor) {
  const Finished done = Do({"compare", "study", "--columns", "moe.top_k, validation/loss",
                            "--where", "arm!=wide", "--sort", "validation/loss"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(Says(done.out,
                   "arm     moe.top_k  validation/loss\n"
                   "------  ---------  ---------------\n"
                   "routed  1              2.88 ± 0.31\n"
                   "dense   –              3.12 ± 0.31\n"));
  const Finished wrong = Do({"compare", "study", "--columns", "validation/los"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_TRUE(Says(wrong.err, "did you mean \"validation/loss\"?"));
}

TEST_F(TablesCommand, CompareLeadsFromACellToItsRuns) {
  const Finished text = Do({"compare", "study", "--cell", "routed,validation/loss"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  const std::string stage = StageFor(StageRole::kEvaluate, "routed", 2).Hex();
  EXPECT_TRUE(Says(text.out, (root_ / "stages" / stage).native()));
  const Finished json = Do({"compare", "study", "--cell", "routed,difference", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("pairs").size(), 3u);
  EXPECT_EQ(Do({"compare", "study", "--cell", "rooted,difference"}).exit_code, 2);
}

TEST_F(TablesCommand, CompareShowsWhatStandsBehindVerdicts) {
  const Finished text = Do({"compare", "study", "--evidence"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(Says(text.out, "study: evidence on validation/loss against dense\n"));
  EXPECT_LT(text.out.find("study: validation/loss"), text.out.find("study: evidence on"));
  const Finished json = Do({"compare", "study", "--evidence", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("evidence").at("arms").size(), 2u);
  EXPECT_FALSE(nlohmann::json::parse(Do({"compare", "study", "--json"}).out).contains("evidence"));
  const Finished alone = Do({"compare", "study", "--evidence", "--where", "arm=dense"});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_TRUE(Says(alone.err, "no arm beside the baseline dense is shown"));
}

TEST_F(TablesCommand, CompareShowsWhatSettingsAreWorthWhereArmsTellThat) {
  const Finished none = Do({"compare", "study", "--effects"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(
      Says(none.err, "--effects: Effects are those of a full grid of two or more settings"));
  {
    LedgerWriter ledger(root_ / "ledger.sqlite");
    StudyRecord grid = StudyOf({"none", "a", "b", "both"}, {0, 1, 2});
    const char* changes[] = {"{}", R"({"moe.top_k": 4})", R"({"train.rate": 3})",
                             R"({"moe.top_k": 4, "train.rate": 3})"};
    grid.name = "grid";
    grid.recipe = R"({"base": {"moe": {"top_k": 2}, "train": {"rate": 1}}, "name": "grid"})";
    for (size_t i = 0; i < 4; ++i) grid.arms[i].changes = changes[i];
    ledger.RecordStudy(grid);
    for (size_t arm = 0; arm < 4; ++arm) {
      for (int64_t seed = 0; seed < 3; ++seed) {
        const double noise = 0.01 * static_cast<double>((seed * 3 + static_cast<int64_t>(arm)) % 4);
        CompleteRun(ledger, grid.arms[arm].name, seed, {},
                    {ResultEvent("validation/loss", 3 - 0.5 * (arm % 2 == 1 ? 1 : 0) + noise)});
      }
    }
  }
  const Finished text = Do({"compare", "grid", "--effects"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  for (const char* part : {"Main effects, over all levels", "moe.top_k: 2 → 4", "Interactions",
                           "Share of the variation", "The arms are a full grid"}) {
    EXPECT_TRUE(Says(text.out, part));
  }
  const auto json = nlohmann::json::parse(Do({"compare", "grid", "--effects", "--json"}).out);
  EXPECT_EQ(json.at("effects").size(), 3u);
  EXPECT_NEAR(json.at("effects").at(0).at("rows").at(0).at("difference").at("value"), -0.5, 0.03);
}

TEST_F(TablesCommand, VerifyFindsTheEvidenceEqual) {
  for (const auto& [format, name] :
       {std::pair("markdown", "a.md"), std::pair("latex", "a.tex"), std::pair("html", "a.html"),
        std::pair("csv", "a.csv"), std::pair("json", "a.json")}) {
    const fs::path file = folder_ / name;
    const Finished made =
        Do({"export", "study", "--evidence", "--format", format, "-o", file.native()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const Finished done = Do({"verify", file.native()});
    EXPECT_EQ(done.exit_code, 0) << name << done.out << done.err;
  }
}

TEST_F(TablesCommand, VerifyFindsWhatExportWroteEqual) {
  for (const auto& [format, name] :
       {std::pair("markdown", "a.md"), std::pair("latex", "a.tex"), std::pair("html", "a.html"),
        std::pair("html-fragment", "b.html"), std::pair("csv", "a.csv"),
        std::pair("json", "a.json")}) {
    const Finished done = Do({"verify", Exported(format, name).native()});
    EXPECT_EQ(done.exit_code, 0) << name << done.out << done.err;
    EXPECT_TRUE(Says(done.out, "study is as in the ledger")) << name;
  }
}

TEST_F(TablesCommand, VerifyNamesFileLineRowAndColumnOfWhatDiffers) {
  const fs::path file = Exported("markdown", "README.md");
  std::string text = "# A project\n\n" + ReadTextFile(file);
  text.replace(text.find("2.88 "), 5, "2.87 ");
  Put(file, text);
  const Finished done = Do({"verify", file.native()});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.out, file.native() +
                          ":10: study, routed, validation/loss: the file has 2.87 ± 0.31, the "
                          "ledger 2.88 ± 0.31\n");
  const auto json = nlohmann::json::parse(Do({"verify", file.native(), "--json"}).out);
  const auto& table = json.at("tables").at(0);
  EXPECT_EQ(table.at("state"), "different");
  EXPECT_EQ(table.at("differences").at(0).at("line"), 10);
}

TEST_F(TablesCommand, VerifyUsesTheOptionsThatTheTableWasMadeWith) {
  const fs::path file = folder_ / "a.md";
  ASSERT_EQ(Do({"export", "study", "--where", "moe.top_k=1", "--columns", "moe.top_k,seeds", "-o",
                file.native()})
                .exit_code,
            0);
  const Finished done = Do({"verify", file.native()});
  EXPECT_EQ(done.exit_code, 0) << done.out;
}

TEST_F(TablesCommand, WordsThatNobodyTakesAreRefused) {
  EXPECT_TRUE(Says(Do({"compare", "study", "--sortt", "arm"}).err,
                   "there is no option --sortt; did you mean \"--sort\"?"));
  EXPECT_TRUE(Says(Do({"compare", "study", "--zzzzz"}).err, "there is no option --zzzzz.\n"));
  EXPECT_TRUE(Says(Do({"compare", "study", "other"}).err,
                   "there are too many words: beside options it takes STUDY\n"));
  EXPECT_TRUE(Says(Do({"diff", "a", "b", "c"}).err, "beside options it takes A and B\n"));
}

TEST_F(TablesCommand, ExportNamesTheFolderThatIsNotThere) {
  const Finished done = Do({"export", "study", "-o", (folder_ / "none/a.md").native()});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_TRUE(Says(done.err, "there is no folder " + (folder_ / "none").native()));
}

TEST_F(TablesCommand, VerifySaysWhatItCannotCheck) {
  const fs::path file = folder_ / "a.md";
  Put(file, "### other: validation/loss, lower is better\n\n| arm |\n| --- |\n| dense |\n");
  const Finished unknown = Do({"verify", file.native()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Says(unknown.out, "a.md:1: other cannot be checked: there is no study \"other\""));
  Put(file, "<!-- upcycle export study --colums seeds -->\n| arm |\n| --- |\n| dense |\n");
  const Finished option = Do({"verify", file.native()});
  EXPECT_EQ(option.exit_code, 2);
  EXPECT_TRUE(Says(option.out, "there is no option --colums; did you mean \"--columns\"?"));
  Put(file, "<!-- upcycle export study --help -->\n| arm |\n| --- |\n| dense |\n");
  EXPECT_EQ(Do({"verify", file.native()}).exit_code, 2);
  Put(file, "# Nothing\n");
  EXPECT_TRUE(Says(Do({"verify", file.native()}).err, "has no table of a study"));
  EXPECT_TRUE(Says(Do({"verify", (folder_ / "a.doc").native()}).err, "which form it has"));
  EXPECT_EQ(Do({"verify", (folder_ / "none.md").native()}).exit_code, 2);
}

}  // namespace
}  // namespace upcycle
