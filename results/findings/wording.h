// What of the findings all formats say alike.
#pragma once

#include <string>
#include <vector>

#include "results/findings/finding.h"
#include "results/tables/table.h"

namespace upcycle {

// Ours, as a number: "−0.0123 ± 0.0045 (−0.31 %)", "47.49B (+38.06 %)"; of several contrasts, each
// with the arm that it is against.
std::string EstimateText(const Finding& finding);
// Ours, in words: "validation/loss of E8T2 less that of dense: −0.0123 ± 0.0045 (−0.31 %), 6
// pairs".
std::string OursText(const Finding& finding);
// Within what a claim of likeness is supported: "±0.5 %"; "–" for other claims.
std::string AlikeText(const Finding& finding);
// Why it cannot tell, within what it is alike or outside of what, and why ours differs; or empty.
std::string RemarkText(const Finding& finding);
// What the verdict rests on: one contrast is enough to contradict, so of those that do the smallest
// adjusted p; else the largest of all. NaN without a test.
double AdjustedP(const Finding& finding);
Tone ToneOf(Support support);
// "3 support, 1 contradicts, 2 cannot tell"
std::string TallyText(const std::vector<Finding>& findings);

}  // namespace upcycle
