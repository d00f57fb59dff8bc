// What a paired t test of n seeds can find. With differences of mean Δ and deviation σ, t follows
// the noncentral t with n - 1 degrees of freedom and δ = √n · Δ/σ, and
//   power = P(|T_δ| ≥ t(1 - level/2, n - 1))
// (Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988). Sizes are Δ/σ. σ is
// usually an estimate from few seeds itself: read the answers as orders of magnitude.
#pragma once

#include <cstdint>
#include <optional>

namespace upcycle {

struct TestPlan {
  double level = 0.05;  // two-sided, in (0, 1)
  double power = 0.8;   // in (level, 1)
};

// The probability that n ≥ 2 pairs decide.
double PowerOfPairs(double size, int64_t pairs, double level);

// The smallest size that n ≥ 2 pairs find with the plan's power. Times the deviation of one
// difference it is the minimum detectable difference.
double DetectableSize(int64_t pairs, const TestPlan& plan);

// The fewest pairs that find this size; empty for a size of 0, and beyond `at_most` pairs.
std::optional<int64_t> PairsNeeded(double size, const TestPlan& plan, int64_t at_most = 1'000'000);

}  // namespace upcycle
