// How sure the verdicts are: the evidence of each arm, and what it can and cannot tell.

#include "results/evidence/evidence_table.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {

std::string HowSureSection(const ReportInput& input) {
  if (FamilyOf(input.comparison) == 0) return "";
  return html::TableOf(EvidenceTableOf(input.comparison), {.notes = true});
}

}  // namespace upcycle
