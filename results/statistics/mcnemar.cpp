#include "results/statistics/mcnemar.h"

#include <algorithm>

#include <boost/math/distributions/binomial.hpp>

#include "core/check.h"

namespace upcycle {

double McNemarP(int64_t only_first, int64_t only_second) {
  UPCYCLE_CHECK(only_first >= 0 && only_second >= 0);
  const auto count = static_cast<double>(only_first + only_second);
  if (count == 0) return 1;
  const auto fewer = static_cast<double>(std::min(only_first, only_second));
  const boost::math::binomial_distribution<double> fair(count, 0.5);
  return std::min(1.0, 2 * boost::math::cdf(fair, fewer));
}

}  // namespace upcycle
