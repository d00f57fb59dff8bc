// A power law of loss against tokens, FLOPs or parameters, L(x) = E + A·x^-α with E ≥ 0, A > 0
// (Hestness et al., "Deep learning scaling is predictable, empirically", 2017; Hoffmann et al.,
// "Training compute-optimal large language models", 2022), by least squares of relative residuals,
// which for small ones are Hoffmann's log residuals.
//   For a given α the best E and A are linear (variable projection: Golub and Pereyra, SIAM Journal
// on Numerical Analysis 1973), so that one search over α finds the global optimum without a start.
//   Intervals are profiles: the values of α, or E, whose best fit has a sum of squares of at most
// (1 + F/(n - 3)) times the least, F the quantile of F(1, n - 3) (Bates and Watts, "Nonlinear
// Regression Analysis", 1988). An interval that the points do not close says so: few points, or
// points over less than a factor of ten, do not tell a floor from a small exponent.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace upcycle {

struct ScalingPoint {
  double x = 0;     // > 0
  double loss = 0;  // > 0
};

struct ParameterInterval {
  double low = 0;
  double high = 0;
};

struct PowerLaw {
  double floor = 0;     // E
  double scale = 0;     // A
  double exponent = 0;  // α
  double residual = 0;  // √(Σ r² / (n - 3)), r relative
  ParameterInterval floor_interval;
  ParameterInterval exponent_interval;
  // Why nothing should be read off it, in a sentence's end; empty: it is identified. Without a fit
  // at all the numbers are NaN.
  std::string problem;

  double At(double x) const;
};

// The exponents that are searched.
inline constexpr double kLeastExponent = 0.005;
inline constexpr double kMostExponent = 4;

PowerLaw FitPowerLaw(std::span<const ScalingPoint> points, double level = 0.95);

// The profile interval of L(x) at each of these x > 0, each for itself: the least and the largest
// value there of all laws whose sum of squares lies within the same limit. Of an exponent these are
// an ellipse in E and A, cut where one of them is negative, so that its ends are known in closed
// form; over the exponents within their interval they are searched, to a ten-thousandth of the
// band's width. `law` is that of the points at the level, without a problem.
std::vector<ParameterInterval> LawBand(std::span<const ScalingPoint> points, const PowerLaw& law,
                                       std::span<const double> x, double level = 0.95);

}  // namespace upcycle
