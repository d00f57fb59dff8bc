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

// Between which differences two arms count as alike. An infinite bound does not bind: with one of
// them it is asked whether a difference goes no further to one side.
struct AlikeBounds {
  double low = 0;
  double high = 0;
};

// That Δ lies within; and that it lies outside, which is one test of each bound that binds,
// p = 2 · min of the two where both do. One of the two claims is true, so that of their nulls one
// is.
struct Alike {
  double p_within = 0;
  double p_outside = 0;  // both NaN where differences have no spread
};

// low ≤ high, one of them finite.
Alike TestAlike(const PairedDifference& pairs, const AlikeBounds& bounds);

}  // namespace upcycle
