#include "results/comparison/seed_pairs.h"

#include <cmath>
#include <limits>

namespace upcycle {

double ValueOf(const RunOutcome& run, const std::string& metric) {
  const auto found = run.values.find(metric);
  return found == run.values.end() ? std::numeric_limits<double>::quiet_NaN() : found->second.value;
}

PairedValues PairSeeds(const ArmComparison& arm, const ArmComparison& baseline,
                       const std::string& metric) {
  PairedValues values;
  values.incomparable = WhyNotComparable(metric, arm.measured, baseline.measured, baseline.name);
  for (const RunOutcome& run : arm.runs) {
    for (const RunOutcome& other : baseline.runs) {
      if (run.seed != other.seed) continue;
      values.arm.push_back(ValueOf(run, metric));
      values.baseline.push_back(ValueOf(other, metric));
    }
  }
  return values;
}

CompletePairs CompleteOf(const PairedValues& values) {
  CompletePairs pairs;
  for (size_t i = 0; i < values.arm.size() && values.incomparable.empty(); ++i) {
    if (!std::isfinite(values.arm[i]) || !std::isfinite(values.baseline[i])) continue;
    pairs.arm.push_back(values.arm[i]);
    pairs.baseline.push_back(values.baseline[i]);
  }
  return pairs;
}

}  // namespace upcycle
