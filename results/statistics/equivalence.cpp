#include "results/statistics/equivalence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "results/statistics/student.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Equivalence TestEquivalence(const PairedDifference& pairs, double margin) {
  UPCYCLE_CHECK(margin > 0 && std::isfinite(margin));
  if (pairs.spread != Spread::kPresent) return {kNone, kNone, kNone};
  const double degrees = static_cast<double>(pairs.difference.count - 1);
  const double mean = pairs.difference.mean, error = pairs.difference.StandardError();
  const double above = StudentUpperP((mean + margin) / error, degrees);
  const double below = StudentUpperP((margin - mean) / error, degrees);
  return {above, below, std::max(above, below)};
}

Alike TestAlike(const PairedDifference& pairs, const AlikeBounds& bounds) {
  const bool low_binds = std::isfinite(bounds.low), high_binds = std::isfinite(bounds.high);
  UPCYCLE_CHECK((low_binds || high_binds) && bounds.low <= bounds.high);
  if (pairs.spread != Spread::kPresent) return {kNone, kNone};
  const double error = pairs.difference.StandardError();
  const double degrees = static_cast<double>(pairs.difference.count - 1);
  // Of Δ above a bound.
  const auto p_above = [&](double bound) {
    return StudentUpperP((pairs.difference.mean - bound) / error, degrees);
  };
  const auto p_below = [&](double bound) {
    return StudentUpperP((bound - pairs.difference.mean) / error, degrees);
  };
  Alike alike;
  double outside = 1;
  if (low_binds) alike.p_within = p_above(bounds.low), outside = p_below(bounds.low);
  if (high_binds) {
    alike.p_within = std::max(alike.p_within, p_below(bounds.high));
    outside = std::min(outside, p_above(bounds.high));
  }
  alike.p_outside = low_binds && high_binds ? std::min(1.0, 2 * outside) : outside;
  return alike;
}

}  // namespace upcycle
