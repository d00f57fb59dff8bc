// Two arms, seed by seed.
#pragma once

#include <string>

#include "results/comparison/comparison.h"
#include "results/statistics/verdict.h"

namespace upcycle {

// NaN where the run has no value of the metric.
double ValueOf(const RunOutcome& run, const std::string& metric);

// The seeds that both arms plan, in the arm's order, whether their runs are done or not.
PairedValues PairSeeds(const ArmComparison& arm, const ArmComparison& baseline,
                       const std::string& metric);

// The values of those that both have; none where the two do not compare.
struct CompletePairs {
  std::vector<double> arm;
  std::vector<double> baseline;
};
CompletePairs CompleteOf(const PairedValues& values);

}  // namespace upcycle
