#include "results/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/binomial.hpp>
#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr uint64_t kSeed = 0;

double MeanOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double Acceleration(std::span<const double> values) {
  // The mean without value i, less the mean of these, is (mean - value i) / (n - 1).
  const double mean = MeanOf(values);
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double u = value - mean;
    squares += u * u;
    cubes += u * u * u;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

// On the straight line between the two order statistics around it.
double QuantileOf(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const size_t below = std::min(static_cast<size_t>(place), sorted.size() - 1);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

std::string WarningFor(int64_t count) {
  if (count >= kBootstrapPairs) return "";
  const double different = boost::math::binomial_coefficient<double>(
      static_cast<unsigned>(2 * count - 1), static_cast<unsigned>(count));
  return fmt::format(
      "{} values have only {:.0f} different resamples: the interval is too short; rest on the t "
      "interval below {} values",
      count, different, kBootstrapPairs);
}

}  // namespace

BootstrapInterval BcaInterval(std::span<const double> resampled_means,
                              std::span<const double> values, double level) {
  UPCYCLE_CHECK(level > 0 && level < 1 && values.size() >= 3 && !resampled_means.empty());
  std::vector<double> sorted(resampled_means.begin(), resampled_means.end());
  std::ranges::sort(sorted);
  const double mean = MeanOf(values);
  double below = 0;
  for (const double resampled : sorted) below += resampled < mean ? 1 : resampled == mean ? 0.5 : 0;
  const double share = below / static_cast<double>(sorted.size());
  UPCYCLE_CHECK(share > 0 && share < 1);

  const boost::math::normal normal;
  const double bias = boost::math::quantile(normal, share);
  const double acceleration = Acceleration(values);
  const auto end = [&](double probability) {
    const double z = bias + boost::math::quantile(normal, probability);
    return QuantileOf(sorted, boost::math::cdf(normal, bias + z / (1 - acceleration * z)));
  };
  return {end((1 - level) / 2), end((1 + level) / 2),
          WarningFor(static_cast<int64_t>(values.size()))};
}

BootstrapInterval BootstrapMean(std::span<const double> values, double level, int64_t resamples) {
  UPCYCLE_CHECK(resamples >= 100);
  const uint64_t count = values.size();
  for (const double value : values) UPCYCLE_CHECK(std::isfinite(value));
  if (count < 3) return {kNone, kNone, fmt::format("{} values are too few to resample", count)};
  const auto [least, most] = std::ranges::minmax(values);
  if (least == most) return {kNone, kNone, "all values are the same: resamples are, too"};

  const RandomStream stream(kSeed, "statistics/bootstrap");
  std::vector<double> means(static_cast<size_t>(resamples)), drawn(count);
  for (size_t resample = 0; resample < means.size(); ++resample) {
    for (uint64_t i = 0; i < count; ++i) {
      drawn[i] = values[stream.Below(resample * count + i, count)];
    }
    std::ranges::sort(drawn);  // equal resamples give equal means
    means[resample] = MeanOf(drawn);
  }
  return BcaInterval(means, values, level);
}

}  // namespace upcycle
