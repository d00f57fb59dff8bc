#include "results/statistics/noncentral_t.h"

#include <cmath>
#include <limits>

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargestT = 1e4;

// The noncentrality at which `excess`, rising in it, is 0.
template <typename Function>
double Root(const Function& excess, double start) {
  double width = 1 + 0.1 * std::fabs(start);
  double low = start - width, high = start + width;
  while (excess(low) > 0) low -= (width *= 2);
  while (excess(high) < 0) high += (width *= 2);
  std::uintmax_t steps = 200;
  const boost::math::tools::eps_tolerance<double> tolerance(48);
  const auto [from, to] = boost::math::tools::toms748_solve(excess, low, high, tolerance, steps);
  return from + (to - from) / 2;
}

}  // namespace

double NoncentralTCdf(double t, double degrees, double noncentrality) {
  UPCYCLE_CHECK(std::isfinite(t) && std::isfinite(noncentrality) && degrees > 0);
  return boost::math::cdf(boost::math::non_central_t(degrees, noncentrality), t);
}

double NoncentralTTail(double t, double degrees, double noncentrality) {
  UPCYCLE_CHECK(std::isfinite(t) && std::isfinite(noncentrality) && degrees > 0);
  const boost::math::non_central_t distribution(degrees, noncentrality);
  return boost::math::cdf(boost::math::complement(distribution, t));
}

NoncentralityInterval NoncentralityFor(double t, double degrees, double level) {
  UPCYCLE_CHECK(level > 0 && level < 1 && degrees > 0);
  if (!(std::fabs(t) <= kLargestT)) return {kNone, kNone};
  const double tail = (1 - level) / 2;
  return {.low = Root([&](double delta) { return NoncentralTTail(t, degrees, delta) - tail; }, t),
          .high = Root([&](double delta) { return tail - NoncentralTCdf(t, degrees, delta); }, t)};
}

}  // namespace upcycle
