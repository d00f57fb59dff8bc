// The noncentral t distribution: of (Z + δ) / √(V/ν), Z standard normal and V chi-squared with ν
// degrees of freedom. A t statistic follows it where there is a difference: δ = √n · difference / σ
// for n pairs (Johnson and Welch, "Applications of the non-central t-distribution", Biometrika
// 1940). From Boost.Math.
#pragma once

namespace upcycle {

// The probability of a value of at most t. 1e-12 is its absolute error, so that a tail below has no
// digits.
double NoncentralTCdf(double t, double degrees, double noncentrality);

// P(T ≥ t), with the same error.
double NoncentralTTail(double t, double degrees, double noncentrality);

struct NoncentralityInterval {
  double low = 0;
  double high = 0;
};

// Which δ a value t does not contradict: P(T ≥ t | low) = P(T ≤ t | high) = (1 - level)/2
// (Steiger and Fouladi, "Noncentrality interval estimation", 1997). |t| ≤ 1e4: beyond, and where
// t is not finite, both are NaN.
NoncentralityInterval NoncentralityFor(double t, double degrees, double level);

}  // namespace upcycle
