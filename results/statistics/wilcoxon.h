// Wilcoxon's signed-rank test of paired differences (Wilcoxon, "Individual comparisons by ranking
// methods", Biometrics Bulletin 1945): W+ is the sum of the ranks of |d| over positive d. If an arm
// makes no difference and differences are symmetric, each rank is positive as likely as not.
//   Zeros are left out before ranking, as Wilcoxon did; equal |d| share the mean of their ranks.
//   Up to kExactRanks differences p is exact, also with ties: twice the smaller tail of W+ over all
//   choices of signs of these ranks. Beyond, W+ is taken as normal with mean n(n + 1)/4 and
//   variance (n(n + 1)(2n + 1) - Σ (t³ - t)/2) / 24, t the sizes of groups of ties, without a
//   correction for continuity. Both are SciPy's; there ties are exact up to 13 differences.
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

inline constexpr int64_t kExactRanks = 50;

struct SignedRanks {
  double positive = 0;  // W+
  double negative = 0;
  int64_t count = 0;  // differences that are not 0
  bool exact = true;
  double p = 1;  // two-sided; NaN where every difference is 0
};

// All differences are finite. Sizes are equal where their doubles are.
SignedRanks TestSignedRanks(std::span<const double> differences);

}  // namespace upcycle
