// The report as a browser shows it, where there is one.

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/shell_word.h"
#include "results/report/study_report.h"
#include "tests/results/report/reported_study.h"

namespace upcycle {
namespace {

constexpr int kNoBrowser = 77;

TEST(ReportInABrowser, FitsAndIsReadAndAnswersAtEveryWidthAndTheme) {
  TemporaryFolder folder;
  RecordReportedStudy(
      LedgerIn(folder),
      {.arm = "routed with a long name, virtual groups of experts, granularity 4, top 4"});
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

}  // namespace
}  // namespace upcycle
