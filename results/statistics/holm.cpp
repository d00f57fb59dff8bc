#include "results/statistics/holm.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace upcycle {

std::vector<double> HolmAdjusted(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i) {
    if (std::isnan(p[i])) continue;  // behind all others, whatever its place among them
    UPCYCLE_CHECK(p[i] >= 0 && p[i] <= 1);
    order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });

  std::vector<double> adjusted(p.begin(), p.end());
  double highest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(p.size() - rank);
    highest = std::max(highest, factor * p[order[rank]]);
    adjusted[order[rank]] = std::min(1.0, highest);
  }
  return adjusted;
}

}  // namespace upcycle
