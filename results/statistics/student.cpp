#include "results/statistics/student.h"

#include <cmath>

#include <boost/math/distributions/students_t.hpp>

#include "core/check.h"

namespace upcycle {

using boost::math::complement;
using boost::math::students_t;

double StudentQuantile(double probability, double degrees) {
  UPCYCLE_CHECK(probability > 0 && probability < 1 && degrees > 0);
  return boost::math::quantile(students_t(degrees), probability);
}

double StudentTwoSidedQuantile(double p, double degrees) {
  UPCYCLE_CHECK(p > 0 && p < 1 && degrees > 0);
  return boost::math::quantile(complement(students_t(degrees), p / 2));
}

double StudentTwoSidedP(double t, double degrees) {
  return 2 * StudentUpperP(std::fabs(t), degrees);
}

double StudentUpperP(double t, double degrees) {
  UPCYCLE_CHECK(std::isfinite(t) && degrees > 0);
  return boost::math::cdf(complement(students_t(degrees), t));
}

}  // namespace upcycle
