// The sentences about the evidence: what each number means and assumes, and where tests disagree.
#pragma once

#include <string>
#include <vector>

#include "results/evidence/evidence.h"

namespace upcycle {

// Under its table.
std::vector<std::string> EvidenceNotes(const Evidence& evidence, const Comparison& comparison);

// Of one arm, in full precision, a line each.
std::vector<std::string> EvidenceLines(const Evidence& evidence, const ArmEvidence& arm,
                                       const Comparison& comparison);

}  // namespace upcycle
