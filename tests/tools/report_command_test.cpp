// What `upcycle report` writes, where, and what it says where it cannot.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/results/report/reported_study.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class ReportCommandTest : public testing::Test {
 protected:
  ReportCommandTest() {
    fs::create_directories(root_);
    RecordReportedStudy(root_ / "ledger.sqlite");
  }

  Finished Report(std::vector<std::string> options, const std::string& study = "study") const {
    std::vector<std::string> words = {"report", study, "--root", root_.native()};
    words.insert(words.end(), options.begin(), options.end());
    return RunProgram(words);
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "root";
};

TEST_F(ReportCommandTest, WritesOneFile) {
  const fs::path file = folder_ / "report.html";
  const Finished result = Report({"-o", file.native()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  const std::string report = ReadTextFile(file);
  EXPECT_TRUE(report.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(report.ends_with("</html>\n"));
  EXPECT_TRUE(Says(report, "What it cost"));
  EXPECT_EQ(report, Report({}).out);
}

TEST_F(ReportCommandTest, SaysAsJsonWhatItWrote) {
  const fs::path file = folder_ / "report.html";
  const auto written = nlohmann::json::parse(Report({"-o", file.native(), "--json"}).out);
  EXPECT_EQ(written.at("study"), "study");
  EXPECT_EQ(written.at("file"), file.native());
  EXPECT_EQ(written.at("bytes"), fs::file_size(file));
  EXPECT_TRUE(Says(Report({"--json"}).err, "name one with --output"));
}

TEST_F(ReportCommandTest, WithoutTheMachineNoPlaceIsNamed) {
  const std::string report = Report({"--no-machine"}).out;
  EXPECT_FALSE(Says(report, "What it cost"));
  EXPECT_FALSE(Says(report, folder_.path().native()));
}

TEST_F(ReportCommandTest, RefusesWhatItCannotWrite) {
  const Finished unknown = Report({}, "stduy");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Says(unknown.err, "study"));
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(Report({"-o", (folder_ / "none/report.html").native()}).exit_code, 2);
}

TEST_F(ReportCommandTest, MeasuresWhatLiesOnTheDisk) {
  const fs::path stage = root_ / "stages" / StageFor(StageRole::kTrain, "routed", 0).Hex();
  Put(stage / "model" / "weights", std::string(123'456, 'x'));
  EXPECT_TRUE(Says(Report({}).out, "123.5 kB"));
}

}  // namespace
}  // namespace upcycle
