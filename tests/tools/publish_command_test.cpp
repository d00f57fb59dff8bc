// `upcycle publish` writes a folder that `upcycle verify` holds against the ledger.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/results/report/reported_study.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class PublishCommandTest : public testing::Test {
 protected:
  PublishCommandTest() {
    fs::create_directories(root_);
    RecordReportedStudy(root_ / "ledger.sqlite");
  }

  Finished Run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--root", root_.native()});
    return RunProgram(words);
  }

  void Publish() const {
    const Finished result = Run({"publish", "study", "-o", page_.native()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  // Writes `to` in the place of `from`, which must be there.
  void Change(const std::string& name, const std::string& from, const std::string& to) const {
    std::string text = ReadTextFile(page_ / name);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << name;
    Put(page_ / name, text.replace(at, from.size(), to));
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "root";
  fs::path page_ = folder_ / "recipes" / "study";
};

TEST_F(PublishCommandTest, WritesAPageTablesFiguresAndAReport) {
  Publish();
  const std::string page = ReadTextFile(page_ / "README.md");
  EXPECT_TRUE(page.starts_with("<!-- upcycle publish study -->\n"));
  EXPECT_TRUE(Says(page, "- routed is better than dense by "));
  for (const char* name : {"table.csv", "table.tex", "table.html", "table.json", "curves.svg",
                           "forest.svg", "load.svg", "report.html"}) {
    EXPECT_TRUE(fs::exists(page_ / name)) << name;
    EXPECT_TRUE(Says(page, std::string("(") + name + ")")) << name;
  }
  EXPECT_FALSE(Says(ReadTextFile(page_ / "report.html"), "What it cost"));
}

TEST_F(PublishCommandTest, WritesTheSameBytesAgain) {
  Publish();
  const std::string page = ReadTextFile(page_ / "README.md");
  const std::string report = ReadTextFile(page_ / "report.html");
  Publish();
  EXPECT_EQ(ReadTextFile(page_ / "README.md"), page);
  EXPECT_EQ(ReadTextFile(page_ / "report.html"), report);
  const Finished verified = Run({"verify", page_.native()});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  EXPECT_TRUE(Says(verified.out, "README.md:"));
  EXPECT_TRUE(Says(verified.out, "report.html: is as the ledger gives it\n"));
}

TEST_F(PublishCommandTest, VerifyNamesWhatWasChanged) {
  Publish();
  Change("README.md", "| better", "| worse ");
  Change("forest.svg", "better", "worse");
  fs::remove(page_ / "table.tex");
  const Finished verified = Run({"verify", page_.native()});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_TRUE(Says(verified.out, "routed, verdict: the file has worse, the ledger better\n"));
  EXPECT_TRUE(Says(verified.out, "forest.svg: differs from what the ledger gives\n"));
  EXPECT_TRUE(Says(verified.out, "table.tex: is missing\n"));
  EXPECT_TRUE(Says(verified.out, "curves.svg: is as the ledger gives it\n"));
}

TEST_F(PublishCommandTest, VerifyNoticesWordsThatAreInNoTable) {
  Publish();
  Change("README.md", "is better than dense by ", "is much better than dense by ");
  const Finished verified = Run({"verify", page_.native(), "--json"});
  EXPECT_EQ(verified.exit_code, 1);
  const auto files = nlohmann::json::parse(verified.out);
  EXPECT_EQ(files[0]["file"], (page_ / "README.md").native());
  EXPECT_TRUE(Says(files[0]["difference"].get<std::string>(), "not in a cell of its table"));
  EXPECT_EQ(files[1]["difference"], "");
}

TEST_F(PublishCommandTest, TakesAwayAFigureOfOtherResults) {
  Publish();
  Put(page_ / "scaling.svg", "<svg/>");
  const Finished before = Run({"verify", page_.native()});
  EXPECT_EQ(before.exit_code, 1);
  EXPECT_TRUE(Says(before.out, "scaling.svg: is of other results"));
  Put(page_ / "notes.txt", "mine");
  Publish();
  EXPECT_FALSE(fs::exists(page_ / "scaling.svg"));
  EXPECT_TRUE(fs::exists(page_ / "notes.txt"));
}

TEST_F(PublishCommandTest, WritesOverNobodyElsesPage) {
  Put(page_ / "README.md", "# Notes of years\n");
  const Finished result = Run({"publish", "study", "-o", page_.native()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Says(result.err, "choose another folder"));
  EXPECT_EQ(ReadTextFile(page_ / "README.md"), "# Notes of years\n");
  EXPECT_EQ(Run({"verify", page_.native()}).exit_code, 2);
}

TEST_F(PublishCommandTest, VerifyTakesNoFormOfAFolder) {
  Publish();
  const Finished result = Run({"verify", page_.native(), "--format", "csv"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Says(result.err, "--format is said of a file"));
}

TEST_F(PublishCommandTest, AsksForAFolderAndAKnownStudy) {
  const Finished nowhere = Run({"publish", "study"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_TRUE(Says(nowhere.err, "upcycle publish study -o FOLDER"));
  const Finished unknown = Run({"publish", "stduy", "-o", page_.native()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_FALSE(fs::exists(page_));
}

}  // namespace
}  // namespace upcycle
