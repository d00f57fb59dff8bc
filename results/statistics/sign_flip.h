// The sign-flip test of paired differences (Fisher, "The Design of Experiments", 1935, §21): if an
// arm makes no difference, each difference is as likely to have the other sign, and
//   p = share of all 2ⁿ choices of signs s with |Σ sᵢdᵢ| ≥ |Σ dᵢ|.
// Exact whatever the shape of the differences, as long as it is symmetric; two-sided p cannot be
// below 2/2ⁿ. Sums that rounding alone tells apart count as equal.
//
// All choices up to kExactPairs; beyond, as many random ones as asked for, with a fixed seed and
//   p = (1 + those that reach it) / (1 + draws)
// (Phipson and Smyth, "Permutation p-values should never be zero", 2010), which is never too small
// on average and has the stated standard error.
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

inline constexpr int64_t kExactPairs = 20;

struct SignFlip {
  double p = 1;  // NaN without differences
  bool exact = true;
  double standard_error = 0;  // of p, from the draws; 0 where it is exact
};

// All differences are finite.
SignFlip TestSignFlips(std::span<const double> differences, int64_t draws = 200'000);

// The smallest p that an exact two-sided test of n paired differences (sign-flip or Wilcoxon's) can
// reach: 2/2ⁿ.
double SmallestExactP(int64_t pairs);

}  // namespace upcycle
