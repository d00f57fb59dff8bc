// The paired t test (Student 1908): the differences d_i = arm_i - baseline_i of n pairs are taken
// as independent and about normal, and
//   t = mean(d) / (s_d / √n),   p = P(|T_{n-1}| ≥ |t|)
// is the probability of a mean at least this far from 0 if there were no difference.
#pragma once

#include <span>

#include "results/statistics/summary.h"

namespace upcycle {

enum class Spread {
  kUnknown,   // fewer than two pairs
  kAllZero,   // every pair is equal
  kConstant,  // every difference is the same but for rounding, and not 0: t has no denominator
  kPresent,
};

struct PairedDifference {
  Summary difference;
  Spread spread = Spread::kUnknown;
  double t = 0;  // NaN unless spread is kPresent
  double p = 0;  // two-sided; NaN unless spread is kPresent
};

// Both spans have the same length, and all values are finite.
PairedDifference ComparePairs(std::span<const double> arm, std::span<const double> baseline,
                              double level);

}  // namespace upcycle
