// Holds a paper's claims against the ledger.
//
// All of a paper's comparisons are one family of Judge (results/statistics/verdict.h) at level
// 0.05, adjusted by Holm. A claim of a direction (better, worse, higher, lower, best_of) is judged
// by a two-sided paired t test: significant on the claim's side supports, significant on the other
// contradicts. A claim of likeness is judged by paired t tests against its margin: shown to lie
// within supports, shown to lie outside contradicts. What is neither cannot tell. A claim of
// several tests is supported by all of them, and contradicted by any. A count is supported within
// its tolerance and contradicted beyond.
#pragma once

#include <vector>

#include "core/claims/paper.h"
#include "results/findings/finding.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

inline constexpr double kClaimInterval = 0.95;

// One finding for each claim, in their order. Null: there is no ledger yet, and only counts are
// judged.
std::vector<Finding> JudgeClaims(const Paper& paper, LedgerReader* ledger);

}  // namespace upcycle
