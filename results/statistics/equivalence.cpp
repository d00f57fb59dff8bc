#include "results/statistics/equivalence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "results/statistics/student.h"

namespace upcycle {

Equivalence TestEquivalence(const PairedDifference& pairs, double margin) {
  UPCYCLE_CHECK(margin > 0 && std::isfinite(margin));
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (pairs.spread != Spread::kPresent) return {kNone, kNone, kNone};
  const double degrees = static_cast<double>(pairs.difference.count - 1);
  const double mean = pairs.difference.mean, error = pairs.difference.StandardError();
  const double above = StudentUpperP((mean + margin) / error, degrees);
  const double below = StudentUpperP((margin - mean) / error, degrees);
  return {above, below, std::max(above, below)};
}

}  // namespace upcycle
