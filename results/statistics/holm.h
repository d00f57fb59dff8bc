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

}  // namespace upcycle
