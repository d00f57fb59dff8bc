// The BCa bootstrap interval of a mean difference (Efron, "Better bootstrap confidence intervals",
// Journal of the American Statistical Association 1987; Efron and Tibshirani, "An Introduction to
// the Bootstrap", 1993, ch. 14). Of the means of resamples, drawn with replacement, it takes the
// quantiles
//   α± = Φ( z0 + (z0 + z±) / (1 - a (z0 + z±)) ),  z± = Φ⁻¹((1 ± level)/2),
// where z0 = Φ⁻¹(share of resamples below the mean, half of those equal to it) corrects bias, and
//   a = Σ uᵢ³ / (6 (Σ uᵢ²)^1.5),  uᵢ = mean of the means without one value - mean without value i,
// corrects skewness.
//
// It assumes no shape, and pays for that where values are few: n values have only C(2n - 1, n)
// different resamples, none of which reaches beyond the values seen, and the interval is too short.
// Use it beside the t interval from kBootstrapPairs on; below, it comes with a warning.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace upcycle {

inline constexpr int64_t kBootstrapPairs = 8;

struct BootstrapInterval {
  double low = 0;
  double high = 0;
  std::string warning;  // what the interval cannot do; empty: nothing
};

// The resamples' seed is fixed. NaN and a warning with fewer than three values, or where all are
// the same. All values are finite.
BootstrapInterval BootstrapMean(std::span<const double> values, double level,
                                int64_t resamples = 9999);

// The BCa interval from means of resamples, in any order, that were drawn from `values` (three at
// least, not all the same).
BootstrapInterval BcaInterval(std::span<const double> resampled_means,
                              std::span<const double> values, double level);

}  // namespace upcycle
