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
  struct Test {
    size_t arm;
    double* p;
  };
  std::vector<Test> order;
  for (std::vector<double>* tests : {&adjusted.difference, &adjusted.equivalence}) {
    for (size_t arm = 0; arm < tests->size(); ++arm) {
      double& p = (*tests)[arm];
      if (std::isnan(p)) continue;
      UPCYCLE_CHECK(p >= 0 && p <= 1);
      order.push_back({arm, &p});
    }
  }
  std::ranges::stable_sort(order, {}, [](const Test& test) { return *test.p; });

  std::vector<int> open(difference.size(), 2);  // hypotheses of each arm
  double open_arms = static_cast<double>(difference.size()), highest = 0;
  for (const Test& test : order) {
    highest = std::max(highest, open_arms * *test.p);
    *test.p = std::min(1.0, highest);
    if (--open[test.arm] == 0) --open_arms;
  }
  return adjusted;
}

}  // namespace upcycle
