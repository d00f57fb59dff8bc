// Two one-sided tests: whether a paired difference lies within ±margin (Schuirmann, "A comparison
// of the two one-sided tests procedure and the power approach", Journal of Pharmacokinetics and
// Biopharmaceutics 1987). The claim is that |Δ| < margin, and
//   p = max( P(T_{n-1} ≥ (mean + margin)/se), P(T_{n-1} ≤ (mean - margin)/se) ),
// so that p ≤ α exactly where the interval of level 1 - 2α lies within the margin. A margin is
// stated before the values are seen, in the unit of the metric.
#pragma once

#include "results/statistics/paired_difference.h"

namespace upcycle {

struct Equivalence {
  double p_above_low = 0;   // of the claim that Δ > -margin
  double p_below_high = 0;  // of the claim that Δ < margin
  double p = 0;             // of both; all NaN where differences have no spread
};

// margin > 0.
Equivalence TestEquivalence(const PairedDifference& pairs, double margin);

}  // namespace upcycle
