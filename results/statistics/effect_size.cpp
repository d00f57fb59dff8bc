#include "results/statistics/effect_size.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/gamma.hpp>

#include "results/statistics/noncentral_t.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// J(ν) for ν ≥ 2.
double Correction(double degrees) {
  return boost::math::tgamma_ratio(degrees / 2, (degrees - 1) / 2) / std::sqrt(degrees / 2);
}

}  // namespace

EffectSize EffectSizeOf(const PairedDifference& pairs, double level) {
  if (pairs.spread != Spread::kPresent) return {kNone, kNone, kNone, kNone};
  const double degrees = static_cast<double>(pairs.difference.count - 1);
  const double root = std::sqrt(degrees + 1);
  const NoncentralityInterval interval = NoncentralityFor(pairs.t, degrees, level);
  const double size = pairs.difference.mean / pairs.difference.deviation;
  return {.cohen = size,
          .hedges = degrees < 2 ? kNone : Correction(degrees) * size,
          .low = interval.low / root,
          .high = interval.high / root};
}

}  // namespace upcycle
