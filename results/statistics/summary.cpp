#include "results/statistics/summary.h"

#include <cmath>
#include <limits>

#include "core/check.h"
#include "results/statistics/student.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double rest = 0;  // what rounding left out of the sum
  for (const double value : values) rest += value - mean;
  return mean + rest / static_cast<double>(values.size());
}

}  // namespace

double Summary::StandardError() const { return deviation / std::sqrt(static_cast<double>(count)); }

Summary Summarize(std::span<const double> values, double level) {
  UPCYCLE_CHECK(level > 0 && level < 1);
  for (const double value : values) UPCYCLE_CHECK(std::isfinite(value));
  Summary summary = {static_cast<int64_t>(values.size()), kNone, kNone, kNone};
  if (values.empty()) return summary;
  summary.mean = Mean(values);
  if (values.size() < 2) return summary;

  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  const double degrees = static_cast<double>(values.size() - 1);
  summary.deviation = std::sqrt(squares / degrees);
  summary.half_width = StudentQuantile(0.5 + level / 2, degrees) * summary.StandardError();
  return summary;
}

}  // namespace upcycle
