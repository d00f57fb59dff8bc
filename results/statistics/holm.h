// Holm's step-down correction (Holm, "A simple sequentially rejective multiple test procedure",
// Scandinavian Journal of Statistics 1979): with the m values in rising order,
//   adjusted(i) = min(1, max over j ≤ i of (m - j + 1) · p(j)),
// and rejecting where adjusted ≤ α keeps the probability of any false rejection in the family at or
// below α, however the tests depend on each other.
#pragma once

#include <span>
#include <vector>

namespace upcycle {

// In the order of the input. A NaN stands for a test that was planned and has no value: it counts
// in the family as if its p were 1, and stays NaN.
std::vector<double> HolmAdjusted(std::span<const double> p);

// Two tests of each arm, of whose nulls only one can be true: that it differs (null: Δ = 0) and
// that it is equivalent (null: |Δ| ≥ margin). Among any hypotheses still open at most one of each
// arm is a true null, so that the factor of a step is the number of arms with an open one (Shaffer,
// "Modified sequentially rejective multiple test procedures", Journal of the American Statistical
// Association 1986): the second test of an arm costs the others nothing until one of its own is
// decided.
struct AdjustedArms {
  std::vector<double> difference;
  std::vector<double> equivalence;
};
// Equal lengths; NaN as above.
AdjustedArms HolmAdjustedArms(std::span<const double> difference,
                              std::span<const double> equivalence);

}  // namespace upcycle
