#include "core/recipe/decision_steps.h"

#include <cmath>

#include "core/recipe/cost.h"

namespace upcycle {

std::vector<int64_t> DecisionSteps(const RunSettings& arm, const EarlyStoppingSettings& settings) {
  const int64_t every = arm.train.validate_every;
  if (every == 0) return {};
  const auto steps = static_cast<double>(TrainSteps(arm.train, arm.model));
  std::vector<int64_t> decisions;
  for (double share = settings.first; share < 1; share *= 2) {
    const int64_t step = every * std::llround(share * steps / static_cast<double>(every));
    const int64_t last = decisions.empty() ? 0 : decisions.back();
    if (step <= last || static_cast<double>(step) >= steps) return {};
    decisions.push_back(step);
  }
  return decisions;
}

}  // namespace upcycle
