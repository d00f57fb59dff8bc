#include "results/tables/markdown.h"

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "results/comparison/comparison_table.h"
#include "results/findings/judge_claims.h"
#include "results/findings/report.h"
#include "results/findings/wording.h"
#include "results/tables/number_text.h"
#include "results/tables/table.h"

namespace upcycle {
namespace {

Table FindingsTable(const FindingsReport& report) {
  Table table;
  table.title = TallyText(report.findings);
  table.columns = {{"claim", "claim"},
                   {"paper", "paper"},
                   {"ours", "ours"},
                   {"alike within", "alike_within"},
                   {"adjusted p", "adjusted_p", Notation::kProbability},
                   {"verdict", "verdict"}};
  for (const Finding& finding : report.findings) {
    table.rows.push_back(
        {{.text = finding.claim.claim},
         {.text = finding.claim.number},
         {.text = EstimateText(finding)},
         {.text = AlikeText(finding)},
         {.value = AdjustedP(finding)},
         {.text = std::string(NameOf(finding.support)), .tone = ToneOf(finding.support)}});
  }
  table.notes = {
      fmt::format("Ours. Differences are means over paired seeds ± half of the {:g} % t interval, "
                  "and in percent of the other arm's value.",
                  100 * kClaimInterval),
      "Verdict. Paired t tests at level 0.05, adjusted by Holm's correction over all comparisons "
      "of these claims, those without a value included. Of a direction they are two-sided: "
      "significant on the claim's side supports it, on the other side contradicts it. Of likeness "
      "they are against the margin under \"alike within\": a difference shown to lie within "
      "supports it, one shown to lie outside contradicts it. Intervals are not adjusted. Counts "
      "need no run."};
  return table;
}

// What each verdict rests on.
std::string EvidenceText(const std::vector<Finding>& findings) {
  std::string text = "\n### What was compared\n\n";
  for (const Finding& finding : findings) {
    std::string evidence =
        fmt::format("{} ({}). {}", finding.claim.id, finding.claim.where, OursText(finding));
    const std::string remark = RemarkText(finding);
    if (!remark.empty()) evidence += fmt::format(". {}", remark);
    text += fmt::format("- {}\n", EscapedMarkdown(evidence));
  }
  return text;
}

// A note that an earlier table has had is not said again.
std::string StudiesText(const std::vector<Comparison>& studies) {
  std::string text;
  std::set<std::string> said;
  for (const Comparison& study : studies) {
    Table table = TableOf(study);
    std::erase_if(table.notes, [&](const std::string& note) { return !said.insert(note).second; });
    if (!study.description.empty()) {
      table.notes.insert(table.notes.begin(), fmt::format("Asked. {}", study.description));
    }
    text += fmt::format("\n{}", ToMarkdown(table));
  }
  return text;
}

std::string HowText(const FindingsReport& report) {
  const SpentCompute& spent = report.spent;
  std::string text = fmt::format("```\n{}\n```\n\n", report.command);
  text += fmt::format(
      "{}{} paired seeds. {} of {} stages are complete; their trainings, those of the dense "
      "parents included, are {} FLOPs, and all of them took {:.3g} core hours, each stage counted "
      "once however many studies share it.\n",
      report.size.empty() ? "" : fmt::format("Size {}, ", report.size), report.seeds,
      spent.complete, spent.stages, ScientificText(spent.train_flops), spent.core_seconds / 3600);
  return text;
}

}  // namespace

std::string FindingsMarkdown(const FindingsReport& report) {
  const PaperText& paper = report.text;
  std::string text = fmt::format("# Findings: {}\n\n", paper.title);
  if (!paper.authors.empty() || !paper.source.empty()) {
    text += fmt::format("{}{}{}\n\n", paper.authors,
                        paper.authors.empty() || paper.source.empty() ? "" : ", ", paper.source);
  }
  text += HowText(report);
  text += "\n## Claims\n\n" + ToMarkdown(FindingsTable(report)) + EvidenceText(report.findings);
  if (!report.studies.empty()) text += "\n## Studies\n" + StudiesText(report.studies);
  return text;
}

}  // namespace upcycle
