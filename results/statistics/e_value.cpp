#include "results/statistics/e_value.h"

#include <cmath>

#include "core/check.h"

namespace upcycle {

double EValue(const PairedDifference& pairs, double g) {
  UPCYCLE_CHECK(g > 0);
  if (pairs.spread != Spread::kPresent) return 1;
  const double n = static_cast<double>(pairs.difference.count), degrees = n - 1;
  const double square = pairs.t * pairs.t / degrees, spread = 1 + n * g;
  return std::exp(-std::log(spread) / 2 +
                  n / 2 * (std::log1p(square) - std::log1p(square / spread)));
}

}  // namespace upcycle
