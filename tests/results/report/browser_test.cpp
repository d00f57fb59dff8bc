// The report as a browser shows it, where there is one.

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/shell_word.h"
#include "results/report/study_report.h"
#include "tests/results/report/reported_study.h"
#include "tests/results/report/sampled_study.h"

namespace upcycle {
namespace {

constexpr int kNoBrowser = 77;

// Holds the report of "study" against the browser.
void Look(const TemporaryFolder& folder) {
  LedgerReader reader(LedgerIn(folder));
  const fs::path report = Put(folder / "report.html", StudyReport(reader, "study"));
  const std::string command = "python3 " + ShellWord(UPCYCLE_BROWSER_SCRIPT) + " " +
                              ShellWord(report.native()) + " >" +
                              ShellWord((folder / "said").native()) + " 2>&1";
  const int status = std::system(command.c_str());
  const std::string said = ReadTextFile(folder / "said");
  ASSERT_TRUE(WIFEXITED(status)) << said;
  if (WEXITSTATUS(status) == kNoBrowser) GTEST_SKIP() << said;
  EXPECT_EQ(WEXITSTATUS(status), 0) << said;
}

void Look(const SampledStudy& how) {
  TemporaryFolder folder;
  {
    LedgerWriter ledger(LedgerIn(folder));
    RecordSampledStudy(how, &ledger);
  }
  Look(folder);
}

TEST(ReportInABrowser, FitsAndIsReadAndAnswersAtEveryWidthAndTheme) {
  TemporaryFolder folder;
  RecordReportedStudy(
      LedgerIn(folder),
      {.arm = "routed with a long name, virtual groups of experts, granularity 4, top 4"});
  Look(folder);
}

TEST(ReportInABrowser, HasRoomForTwelveLongNamesAndTheirSettings) {
  Look({.name = "study",
        .arm = "virtual groups of eight experts each, copied and drawn again by half",
        .levels = {3, 2, 2},
        .settings = true});
}

TEST(ReportInABrowser, ShowsOneSeedAndOneArm) {
  Look({.name = "study", .levels = {2, 2}, .seeds = 1});
  Look({.name = "study", .arm = "alone", .seeds = 2});
}

TEST(ReportInABrowser, ShowsAStudyOfWhichNothingIsThere) {
  Look({.name = "study", .levels = {2, 2}, .end = StageState::kPlanned});
  Look({.name = "study", .levels = {2, 2}, .end = StageState::kFailed});
}

}  // namespace
}  // namespace upcycle
