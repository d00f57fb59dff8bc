#include "results/report/study_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/comparison/table_notes.h"
#include "results/plots/plot_style.h"
#include "results/report/html.h"
#include "results/report/page_sources.h"
#include "tests/results/report/reported_study.h"
#include "tests/results/report/sampled_study.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::string Written(const TemporaryFolder& folder, const ReportOptions& options = {}) {
  LedgerReader reader(LedgerIn(folder));
  return StudyReport(reader, "study", options);
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(StudyReport, SaysWhatWasAskedAndFoundAndHow) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder));
  const std::string report = Written(folder);
  for (const char* part :
       {"What was asked", "<code>moe.top_k</code>: 2 → 4", "Of 3 arms against dense",
        "routed is better than dense by", "in 80 % of such studies", "<caption>study:",
        "href=\"#runs-2\"", "id=\"runs-2\"", "study: validation/loss; arrow keys",
        "Main effects, over all levels", "core hours", "no room left on the disk", "AMD EPYC",
        "How sure", "study: evidence on validation/loss against dense", "Sign-flip, Wilcoxon.",
        "upcycle run recipes/study.yaml", "upcycle compare study", "Holm&#39;s correction"}) {
    EXPECT_TRUE(Says(report, part)) << part;
  }
}

TEST(StudyReport, EqualResultsGiveEqualBytesWhateverMachineMadeThem) {
  TemporaryFolder here, there;
  RecordReportedStudy(LedgerIn(here));
  RecordReportedStudy(
      LedgerIn(there),
      {.host = "elsewhere", .first_time = 9e8, .core_seconds = 7, .place = "/data/of/x"});
  EXPECT_NE(Written(here), Written(there));
  const std::string report = Written(here, {.machine = false});
  EXPECT_EQ(report, Written(there, {.machine = false}));
  EXPECT_TRUE(Says(report, "&quot;…/books/*.txt&quot;"));
  EXPECT_TRUE(Says(report, "&quot;!…/books/a.txt&quot;"));
  EXPECT_TRUE(Says(Written(there), "&quot;/data/of/x/books/*.txt&quot;"));
  for (const char* part : {"What it cost", "AMD EPYC", "here", "no room left on the disk"}) {
    EXPECT_FALSE(Says(report, std::string(">") + part)) << part;
  }
}

TEST(StudyReport, NamesStayText) {
  TemporaryFolder folder;
  const std::string hostile = "<script>alert(1)</script>\"'&\n\x01";
  RecordReportedStudy(LedgerIn(folder), {.host = hostile + "\xff", .arm = hostile});
  const std::string report = Written(folder);
  EXPECT_FALSE(Says(report, "<script>alert"));
  EXPECT_FALSE(Says(report, "\xff"));
  EXPECT_TRUE(Says(report, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; \xEF\xBF\xBD"));
}

TEST(StudyReport, AsksForNothingAndHasOneStyleAndOneScript) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder));
  const std::string report = Written(folder);
  EXPECT_EQ(Count(report, "<style>"), 1u);
  EXPECT_EQ(Count(report, "<script>"), 1u);
  EXPECT_TRUE(Says(report, "default-src 'none'; style-src 'sha256-"));
  for (const char* part :
       {" src=", " style=", "url(", "@import", " onclick=", "<link", "<iframe"}) {
    EXPECT_FALSE(Says(report, part)) << part;
  }
  const std::string without_names = [&] {
    std::string text = report;
    const std::string name = "http://www.w3.org/2000/svg";  // a name, which nothing fetches
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.erase(at, name.size());
    }
    return text;
  }();
  EXPECT_FALSE(Says(without_names, "http:"));
  EXPECT_FALSE(Says(without_names, "https:"));
}

TEST(StudyReport, EveryLinkLeadsSomewhere) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder));
  const std::string report = Written(folder);
  size_t links = 0;
  for (size_t at = report.find("href=\"#"); at != std::string::npos;
       at = report.find("href=\"#", at + 1)) {
    const size_t begin = at + 7;
    const std::string id = report.substr(begin, report.find('"', begin) - begin);
    EXPECT_EQ(Count(report, fmt::format("id=\"{}\"", id)), 1u) << id;
    ++links;
  }
  EXPECT_GT(links, 15u);
}

TEST(StudyReport, AStudyThatHasNotBegunIsAReportToo) {
  TemporaryFolder folder;
  {
    LedgerWriter ledger(LedgerIn(folder));
    ledger.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  }
  const std::string report = Written(folder);
  EXPECT_TRUE(Says(report, "routed has no verdict against dense, it is incomplete"));
  EXPECT_TRUE(Says(report, "What is not drawn, and why"));
  EXPECT_FALSE(Says(report, "What it cost"));
}

TEST(StudyReport, AnAblationHasItsChanges) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder), {.arms = 3});
  const std::string report = Written(folder);
  EXPECT_TRUE(Says(report, "moe.top_k: 2 → 4, alone"));
  EXPECT_FALSE(Says(report, "Main effects"));
}

TEST(StudyReport, AnUnknownStudyIsRefused) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder));
  LedgerReader reader(LedgerIn(folder));
  EXPECT_THROW(StudyReport(reader, "stduy"), Error);
}

std::string WithoutLineEnds(std::string_view text) {
  std::string joined;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n';
    if (!is_blank) joined += c;
    if (is_blank && !joined.ends_with(' ')) joined += ' ';
  }
  return joined;
}

TEST(StudyReport, ThePagesStyleHasTheColoursOfPlots) {
  const std::string style = WithoutLineEnds(ReportStyle().text);
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    EXPECT_TRUE(Says(style, PageVariables(theme))) << PageVariables(theme);
    EXPECT_TRUE(Says(style, fmt::format("--paper: {};", ColoursOf(theme).paper)));
    EXPECT_TRUE(Says(style, fmt::format("--paper: {};", ColoursOf(theme).paper)));
  }
}

TEST(StudyReport, DrawsEachFigureOnceInTheColoursOfThePage) {
  TemporaryFolder folder;
  RecordReportedStudy(LedgerIn(folder));
  const std::string report = Written(folder);
  EXPECT_EQ(Count(report, "<figure"), Count(report, "role=\"img\""));
  EXPECT_TRUE(Says(report, "stroke=\"var(--c1)\""));
  EXPECT_TRUE(Says(report, "fill=\"var(--h"));
  EXPECT_FALSE(Says(report, "fill=\"#"));
}

TEST(StudyReport, WithoutAnyPairThereAreNoEffects) {
  TemporaryFolder folder;
  {
    LedgerWriter ledger(LedgerIn(folder));
    RecordSampledStudy({.name = "study", .levels = {2, 2}, .end = StageState::kFailed}, &ledger);
  }
  const std::string report = Written(folder);
  EXPECT_FALSE(Says(report, "What each setting is worth"));
  EXPECT_TRUE(Says(report, "16 did not complete, and no stage took more than one"));
  EXPECT_TRUE(Says(report, "all 4 arms"));
  EXPECT_TRUE(Says(report, "<li><code>split.seed</code>: 3</li>"));
}

TEST(Html, NotesHaveTheirTopicsSetOff) {
  EXPECT_EQ(html::Note("Test. Two-sided < one."), "<b>Test.</b> Two-sided &lt; one.");
  EXPECT_EQ(html::Note("No topic here"), "No topic here");
  for (const std::string_view label : NoteLabels()) {
    EXPECT_TRUE(html::Note(std::string(label) + ". Words.").starts_with("<b>")) << label;
  }
}

TEST(Html, TextIsEscapedEverywhere) {
  EXPECT_EQ(html::Paragraph("a < b & \"c\""), "<p>a &lt; b &amp; &quot;c&quot;</p>\n");
  EXPECT_EQ(html::Block("one\n<two>"), "<pre tabindex=\"0\">one\n&lt;two&gt;\n</pre>\n");
  EXPECT_EQ(html::Details("a&b", "<p>piece</p>\n"),
            "<details><summary>a&amp;b</summary>\n<p>piece</p>\n</details>\n");
}

TEST(Html, CellsHaveTheirRoles) {
  Table table = html::EmptyTable("t", {{"arm", "arm"}, {"loss", "loss", Notation::kEstimate}});
  table.rows = {{{.text = "a"}, {.value = 1.5, .tone = Tone::kGood}}};
  const std::string text = html::TableOf(
      table, {.link = [](size_t, size_t column) { return column == 1 ? "runs-1" : ""; }});
  EXPECT_TRUE(Says(text, "<th scope=\"col\" class=\"number\">loss</th>"));
  EXPECT_TRUE(Says(text, "<th scope=\"row\">a</th>"));
  EXPECT_TRUE(Says(text, "<td class=\"number good\"><a href=\"#runs-1\">1.5</a></td>"));
}

}  // namespace
}  // namespace upcycle
