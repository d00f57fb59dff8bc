#include "results/statistics/power.h"

#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>

#include "core/check.h"
#include "results/statistics/noncentral_t.h"
#include "results/statistics/student.h"

namespace upcycle {
namespace {

void CheckPlan(const TestPlan& plan) {
  UPCYCLE_CHECK(plan.level > 0 && plan.level < plan.power && plan.power < 1);
}

}  // namespace

double PowerOfPairs(double size, int64_t pairs, double level) {
  UPCYCLE_CHECK(pairs >= 2 && level > 0 && level < 1 && std::isfinite(size));
  const double degrees = static_cast<double>(pairs - 1);
  const double critical = StudentQuantile(1 - level / 2, degrees);
  const double noncentrality = std::fabs(size) * std::sqrt(static_cast<double>(pairs));
  // A value below it would be one of 40 deviations.
  if (noncentrality > 40 * (1 + critical)) return 1;
  return NoncentralTTail(critical, degrees, noncentrality) +
         NoncentralTCdf(-critical, degrees, noncentrality);
}

double DetectableSize(int64_t pairs, const TestPlan& plan) {
  CheckPlan(plan);
  const auto excess = [&](double size) {
    return PowerOfPairs(size, pairs, plan.level) - plan.power;
  };
  double high = 1;
  while (excess(high) < 0) high *= 2;
  std::uintmax_t steps = 200;
  const boost::math::tools::eps_tolerance<double> tolerance(48);
  const auto [from, to] = boost::math::tools::toms748_solve(excess, 0.0, high, tolerance, steps);
  return from + (to - from) / 2;
}

std::optional<int64_t> PairsNeeded(double size, const TestPlan& plan, int64_t at_most) {
  CheckPlan(plan);
  const auto suffices = [&](int64_t pairs) {
    return PowerOfPairs(size, pairs, plan.level) >= plan.power;
  };
  if (size == 0 || at_most < 2 || !suffices(at_most)) return std::nullopt;
  int64_t too_few = 1, enough = at_most;
  while (enough - too_few > 1) {
    const int64_t middle = too_few + (enough - too_few) / 2;
    (suffices(middle) ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace upcycle
