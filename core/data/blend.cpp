#include "core/data/blend.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/check.h"

namespace upcycle {

Blend::Blend(std::span<const double> weights) : shares_(weights.begin(), weights.end()) {
  UPCYCLE_CHECK(!weights.empty());
  for (const double weight : weights) UPCYCLE_CHECK(std::isfinite(weight) && weight > 0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& share : shares_) share /= total;
  if (shares_.size() > 1) slack_ = 1 - 1 / (2 * static_cast<double>(shares_.size()) - 2);
}

int Blend::Next(std::span<const int64_t> drawn, int64_t sample) const {
  int next = 0;
  double soonest = std::numeric_limits<double>::infinity();
  for (int s = 0; s < sources(); ++s) {
    const double owed =
        shares_[s] * static_cast<double>(sample + 1) - static_cast<double>(drawn[s]);
    if (owed < 1 - slack_) continue;
    const double deadline = (slack_ - owed) / shares_[s];
    if (deadline < soonest) {
      soonest = deadline;
      next = s;
    }
  }
  return next;
}

}  // namespace upcycle
