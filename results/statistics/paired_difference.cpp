#include "results/statistics/paired_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"
#include "results/statistics/student.h"

namespace upcycle {
namespace {

// A subtraction errs by half a unit in the last place of its result, and the values themselves by
// as much, so equal differences of rounded values may spread this far, relative to the values.
constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();

Spread SpreadOf(std::span<const double> differences, double largest) {
  if (differences.size() < 2) return Spread::kUnknown;
  const auto [low, high] = std::minmax_element(differences.begin(), differences.end());
  if (*low == 0 && *high == 0) return Spread::kAllZero;
  return *high - *low <= kRounding * largest ? Spread::kConstant : Spread::kPresent;
}

}  // namespace

PairedDifference ComparePairs(std::span<const double> arm, std::span<const double> baseline,
                              double level) {
  UPCYCLE_CHECK_EQ(arm.size(), baseline.size());
  std::vector<double> differences;
  double largest = 0;
  for (size_t i = 0; i < arm.size(); ++i) {
    differences.push_back(arm[i] - baseline[i]);
    largest = std::max({largest, std::fabs(arm[i]), std::fabs(baseline[i])});
  }
  PairedDifference result = {.difference = Summarize(differences, level),
                             .spread = SpreadOf(differences, largest),
                             .t = std::numeric_limits<double>::quiet_NaN(),
                             .p = std::numeric_limits<double>::quiet_NaN()};
  if (result.spread != Spread::kPresent) return result;
  result.t = result.difference.mean / result.difference.StandardError();
  result.p = StudentTwoSidedP(result.t, static_cast<double>(result.difference.count - 1));
  return result;
}

}  // namespace upcycle
