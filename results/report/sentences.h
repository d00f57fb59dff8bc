// What a comparison found, in sentences that carry their evidence. They decide nothing: every word
// of a decision is the comparison's own.
#pragma once

#include <string>

#include "results/comparison/comparison.h"

namespace upcycle {

// "Of 3 arms against continued dense, 1 is better, 2 are inconclusive." Without a baseline: that
// nothing is compared.
std::string OverviewSentence(const Comparison& comparison);

// Of one arm: "E8G4T4 is better than continued dense by 0.0142 ± 0.0043 nats (4 paired seeds,
// adjusted p 0.0037)." For the baseline, and without one, what it reached.
std::string FindingSentence(const Comparison& comparison, const ArmComparison& arm);

// Beside an inconclusive arm: which difference these seeds would have found, and how many the one
// that was seen would need; at the strictest level that Holm's correction asks of an arm. Empty for
// other verdicts, and where seeds come until arms are decided, as no fixed number was planned.
std::string PowerSentence(const Comparison& comparison, const ArmComparison& arm);

}  // namespace upcycle
