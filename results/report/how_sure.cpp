// How sure the verdicts are: the evidence of each arm, and what it can and cannot tell.

#include <algorithm>

#include "results/comparison/evidence_table.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {

std::string HowSureSection(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  const bool any = std::ranges::any_of(
      comparison.arms, [](const ArmComparison& arm) { return arm.judgement.has_value(); });
  return any ? html::TableOf(EvidenceTableOf(comparison), {.notes = true}) : "";
}

}  // namespace upcycle
