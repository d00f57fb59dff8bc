#include "results/statistics/noise_floor.h"

#include <cmath>
#include <limits>

#include <boost/math/distributions/chi_squared.hpp>

#include "core/check.h"
#include "results/statistics/student.h"
#include "results/statistics/summary.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

NoiseFloor FloorOf(double variance, double degrees, double level) {
  UPCYCLE_CHECK(level > 0 && level < 1);
  if (degrees < 1) return {kNone, degrees, kNone};
  const double chi = boost::math::quantile(boost::math::chi_squared(degrees), 1 - level);
  return {.deviation = std::sqrt(variance),
          .degrees = degrees,
          .largest_deviation = std::sqrt(variance * degrees / chi)};
}

}  // namespace

double NoiseFloor::Within(int64_t pairs, double level) const {
  UPCYCLE_CHECK(pairs >= 1 && level > 0 && level < 1);
  if (!(degrees >= 1)) return kNone;
  return StudentTwoSidedQuantile(1 - level, degrees) * deviation /
         std::sqrt(static_cast<double>(pairs));
}

NoiseFloor FloorOfPairs(std::span<const double> differences, double level) {
  double squares = 0;
  for (const double difference : differences) {
    UPCYCLE_CHECK(std::isfinite(difference));
    squares += difference * difference;
  }
  const double count = static_cast<double>(differences.size());
  return FloorOf(squares / count, count, level);
}

NoiseFloor FloorOfRuns(std::span<const double> values, double level) {
  const Summary summary = Summarize(values, level);
  return FloorOf(2 * summary.deviation * summary.deviation, static_cast<double>(summary.count) - 1,
                 level);
}

}  // namespace upcycle
