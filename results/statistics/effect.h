// An effect that is made of several cells of a study: the mean of one combination of them less that
// of another, seed by seed, as a paired difference; and Holm's correction over many effects.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "results/statistics/paired_difference.h"

namespace upcycle {

struct Effect {
  PairedDifference pairs;  // of the seeds that have all values
  int64_t missing = 0;     // seeds that lack one: then there is no test
  double adjusted_p = std::numeric_limits<double>::quiet_NaN();
};

// Entry s of both is seed s; a value that is not finite is missing.
Effect EffectBetween(std::span<const double> with, std::span<const double> without, double level);

// Holm over all of them as one family, those without a test included.
void AdjustTogether(std::span<Effect* const> effects);

}  // namespace upcycle
