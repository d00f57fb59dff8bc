#include "results/statistics/student.h"

#include <cmath>

#include <boost/math/distributions/students_t.hpp>

#include "core/check.h"

namespace upcycle {

double StudentQuantile(double probability, double degrees) {
  UPCYCLE_CHECK(probability > 0 && probability < 1 && degrees > 0);
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

double StudentTwoSidedP(double t, double degrees) {
  UPCYCLE_CHECK(std::isfinite(t) && degrees > 0);
  const boost::math::students_t distribution(degrees);
  return 2 * boost::math::cdf(boost::math::complement(distribution, std::fabs(t)));
}

}  // namespace upcycle
