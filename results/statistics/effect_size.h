// The size of a paired difference in units of its own deviation, Cohen's d_z = mean(d) / s_d
// (Cohen 1988), which is too large on average, and Hedges' correction of that,
//   g_z = J(n - 1) · d_z,  J(ν) = Γ(ν/2) / (√(ν/2) · Γ((ν - 1)/2))
// (Hedges, "Distribution theory for Glass's estimator of effect size", Journal of Educational
// Statistics 1981). The interval of d_z is exact for normal differences: √n · d_z is a t statistic,
// and the interval of its noncentrality divided by √n is that of the size.
//
// It compares how clearly arms differ, not how much: the same difference of loss is a larger size
// where pairing leaves less noise.
#pragma once

#include "results/statistics/paired_difference.h"

namespace upcycle {

// NaN where differences have no spread; hedges also with two pairs, whose correction is 0; the
// interval where |t| > 1e4.
struct EffectSize {
  double cohen = 0;   // d_z
  double hedges = 0;  // g_z
  double low = 0;     // of the interval of the true size
  double high = 0;
};

EffectSize EffectSizeOf(const PairedDifference& pairs, double level);

}  // namespace upcycle
