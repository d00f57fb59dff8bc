#include "results/publication/published_study.h"

#include <array>

#include <fmt/format.h>

#include "core/shell_word.h"
#include "results/comparison/compare_study.h"
#include "results/plots/draw_svg.h"
#include "results/plots/study_plot.h"
#include "results/report/sentences.h"
#include "results/report/study_report.h"
#include "results/tables/markdown.h"

namespace upcycle {
namespace {

constexpr std::string_view kReport = "report.html";
constexpr std::string_view kCommentBegin = "<!-- ";
constexpr std::string_view kCommentEnd = " -->\n";

struct TableFile {
  TableForm form;
  const char* name;
  const char* title;
};
constexpr std::array kTableFiles = {
    TableFile{TableForm::kCsv, "table.csv", "CSV in full precision"},
    TableFile{TableForm::kLatex, "table.tex", "LaTeX"},
    TableFile{TableForm::kHtml, "table.html", "HTML"},
    TableFile{TableForm::kJson, "table.json", "JSON with all that is behind it"},
};

struct Figure {
  std::string name;
  std::string caption;
  std::string drawing;
};

std::string FigureName(PlotKind kind) { return fmt::format("{}.svg", NameOf(kind)); }

std::vector<Figure> FiguresOf(LedgerReader& ledger, std::string_view study, bool allow_incomplete) {
  std::vector<Figure> figures;
  for (const auto& kind : EnumNames<PlotKind>::values) {
    const PlotRequest request = {
        .kind = kind.value, .allow_incomplete = allow_incomplete, .wide = true};
    const StudyPlot found = PlotStudy(ledger, study, request);
    if (!found.plot) continue;
    figures.push_back(
        {FigureName(kind.value), found.plot->caption, DrawSvg(*found.plot, {.width = kPageWidth})});
  }
  return figures;
}

std::string CommandOf(const PageOrigin& origin) {
  return fmt::format("upcycle publish {}{}", ShellWord(origin.study),
                     origin.allow_incomplete ? " --allow-incomplete" : "");
}

std::string PageText(const Comparison& comparison, const PageOrigin& origin,
                     const std::string& description, const std::vector<Figure>& figures) {
  std::string page = fmt::format("{}{}{}# {}\n\n", kCommentBegin, CommandOf(origin), kCommentEnd,
                                 EscapedMarkdown(origin.study));
  if (!description.empty()) page += EscapedMarkdown(description) + "\n\n";
  page += EscapedMarkdown(OverviewSentence(comparison)) + "\n\n";
  for (const ArmComparison& arm : comparison.arms) {
    const std::string power = PowerSentence(comparison, arm);
    page += fmt::format("- {}{}{}\n", EscapedMarkdown(FindingSentence(comparison, arm)),
                        power.empty() ? "" : " ", EscapedMarkdown(power));
  }
  page += fmt::format("\n{}\n", Written(comparison, TableForm::kMarkdown));
  for (const Figure& figure : figures) {
    page += fmt::format("![{}]({})\n\n{}\n\n", figure.name, figure.name,
                        EscapedMarkdown(figure.caption));
  }
  page += "The table as ";
  for (const TableFile& file : kTableFiles)
    page += fmt::format("[{}]({}), ", file.title, file.name);
  return page + fmt::format(
                    "and a [report]({}) that needs nothing else. `upcycle verify` of this "
                    "folder holds all of it against the ledger.\n",
                    kReport);
}

}  // namespace

std::vector<PublishedFile> PublishStudy(LedgerReader& ledger, std::string_view study,
                                        bool allow_incomplete) {
  const Transaction snapshot = ledger.Snapshot();  // the same results in every file
  const Comparison comparison = CompareStudy(ledger, study, {.allow_incomplete = allow_incomplete});
  const PageOrigin origin = {std::string(study), allow_incomplete};
  const std::vector<Figure> figures = FiguresOf(ledger, study, allow_incomplete);
  std::vector<PublishedFile> files;
  files.push_back({std::string(kPublishedPage),
                   PageText(comparison, origin, ledger.ReadStudy(study).description, figures),
                   TableForm::kMarkdown});
  for (const TableFile& file : kTableFiles) {
    files.push_back({file.name, Written(comparison, file.form), file.form});
  }
  for (const Figure& figure : figures) files.push_back({figure.name, figure.drawing});
  files.push_back(
      {std::string(kReport),
       StudyReport(ledger, study, {.machine = false, .allow_incomplete = allow_incomplete})});
  return files;
}

std::optional<PageOrigin> OriginOfPage(std::string_view page) {
  const size_t end = page.find(kCommentEnd);
  if (!page.starts_with(kCommentBegin) || end == std::string_view::npos) return std::nullopt;
  const auto words =
      WordsOfShellLine(page.substr(kCommentBegin.size(), end - kCommentBegin.size()));
  if (!words || words->size() < 3 || (*words)[0] != "upcycle" || (*words)[1] != "publish") {
    return std::nullopt;
  }
  const bool allow_incomplete = words->size() == 4 && (*words)[3] == "--allow-incomplete";
  if (words->size() > 3 && !allow_incomplete) return std::nullopt;
  return PageOrigin{(*words)[2], allow_incomplete};
}

std::vector<std::string> PublishedNames() {
  std::vector<std::string> names = {std::string(kPublishedPage), std::string(kReport)};
  for (const TableFile& file : kTableFiles) names.push_back(file.name);
  for (const auto& kind : EnumNames<PlotKind>::values) names.push_back(FigureName(kind.value));
  return names;
}

}  // namespace upcycle
