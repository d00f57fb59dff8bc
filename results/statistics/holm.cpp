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

AdjustedArms HolmAdjustedArms(std::span<const double> difference,
                              std::span<const double> equivalence) {
  UPCYCLE_CHECK_EQ(difference.size(), equivalence.size());
  AdjustedArms adjusted = {{difference.begin(), difference.end()},
                           {equivalence.begin(), equivalence.end()}};
  std::vector<double*> order;
  std::vector<int> open(difference.size(), 2);  // hypotheses of each arm
  for (std::vector<double>* tests : {&adjusted.difference, &adjusted.equivalence}) {
    for (double& p : *tests) {
      if (std::isnan(p)) continue;
      UPCYCLE_CHECK(p >= 0 && p <= 1);
      order.push_back(&p);
    }
  }
  std::ranges::stable_sort(order, {}, [](const double* p) { return *p; });
  double highest = 0, arms = static_cast<double>(difference.size());
  for (double* p : order) {
    highest = std::max(highest, arms * *p);
    *p = std::min(1.0, highest);
    const bool of_difference =
        p >= adjusted.difference.data() && p < adjusted.difference.data() + difference.size();
    const std::vector<double>& tests = of_difference ? adjusted.difference : adjusted.equivalence;
    if (--open[static_cast<size_t>(p - tests.data())] == 0) --arms;
  }
  return adjusted;
}

}  // namespace upcycle
