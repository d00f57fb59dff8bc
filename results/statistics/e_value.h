// An e-value of a paired difference: the likelihood ratio of the t statistic with a size Δ/σ drawn
// from N(0, g) to that without a difference, which is
//   E = (1 + n·g)^(-1/2) · ((1 + t²/ν) / (1 + t²/(ν·(1 + n·g))))^((ν + 1)/2),  ν = n - 1
// (Lai, "On confidence sequences", Annals of Statistics 1976; Rouder et al., "Bayesian t tests for
// accepting and rejecting the null hypothesis", Psychonomic Bulletin 2009). Without a difference E
// is a martingale of mean 1, so that P(E ≥ 1/α at any n) ≤ α: it may be looked at as often and for
// as long as wanted, without a plan. For the seeds of a study that costs too much power; use it
// where there is no last look.
#pragma once

#include "results/statistics/paired_difference.h"

namespace upcycle {

// g > 0: the square of the size that is expected. 1 where differences have no spread, which says
// nothing.
double EValue(const PairedDifference& pairs, double g);

}  // namespace upcycle
