#include "results/export/markdown.h"

#include <fmt/format.h>

#include "results/comparison_table.h"
#include "results/findings/judge_claims.h"
#include "results/findings/report.h"
#include "results/findings/wording.h"
#include "results/number_text.h"
#include "results/table.h"

namespace upcycle {
namespace {

Table FindingsTable(const FindingsReport& report) {
  Table table;
  table.title = "Claim by claim";
  table.columns = {{"claim", "claim"},
                   {"where", "where"},
                   {"paper", "paper"},
                   {"ours", "ours"},
                   {"adjusted p", "adjusted_p", Notation::kProbability},
                   {"verdict", "verdict"},
                   {"remark", "remark"}};
  for (const Finding& finding : report.findings) {
    const Claim& claim = finding.claim;
    table.rows.push_back(
        {{.text = fmt::format("{}: {}", claim.id, claim.claim)},
         {.text = claim.where},
         {.text = claim.number},
         {.text = OursText(finding)},
         {.value = AdjustedP(finding)},
         {.text = std::string(NameOf(finding.support)), .tone = ToneOf(finding.support)},
         {.text = RemarkText(finding)}});
  }
  table.notes = {
      fmt::format("Ours. Differences are means over paired seeds ± half of the {:g} % t interval, "
                  "and in percent of the other arm's value.",
                  100 * kClaimInterval),
      "Verdict. Claims of a direction are judged by two-sided paired t tests at level 0.05, "
      "adjusted by Holm's correction over all of them, those without a value included: significant "
      "on the claim's side supports it, on the other side contradicts it. Claims of likeness are "
      "judged by their interval, which is not adjusted for how many there are: inside the margin "
      "supports, wholly outside contradicts. Counts need no run."};
  return table;
}

std::string HowText(const FindingsReport& report) {
  const SpentCompute& spent = report.spent;
  std::string text = fmt::format("```\n{}\n```\n\n", report.command);
  text += fmt::format(
      "{}{} paired seeds. {} of {} stages are complete; their trainings, those of the dense "
      "parents "
      "included, are {} FLOPs, and all of them took {:.3g} core hours, each stage counted "
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
  text += fmt::format("\n## Findings: {}\n\n", TallyText(report.findings));
  text += ToMarkdown(FindingsTable(report));
  for (const Comparison& study : report.studies) {
    text += fmt::format("\n## {}\n\n", study.study);
    if (!study.description.empty()) text += study.description + "\n\n";
    text += ToMarkdown(TableOf(study));
  }
  return text;
}

}  // namespace upcycle
