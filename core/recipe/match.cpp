#include "core/recipe/match.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/recipe/cost.h"

namespace upcycle {
namespace {

int64_t WholeBatchTokens(const RunSettings& settings) {
  return TrainSteps(settings.train, settings.model) * TokensPerStep(settings.train, settings.model);
}

double AmountPerStep(const RunSettings& settings, MatchOn on) {
  return AmountPerToken(settings, on) *
         static_cast<double>(TokensPerStep(settings.train, settings.model));
}

}  // namespace

double AmountPerToken(const RunSettings& settings, MatchOn on) {
  switch (on) {
    case MatchOn::kTrainTokens:
      return 1;
    case MatchOn::kPaddedTrainFlops:
      return CostOf(settings).PaddedTrainFlops();
    case MatchOn::kTrainFlops:
    case MatchOn::kNone:
      break;
  }
  return CostOf(settings).TrainFlops();
}

std::vector<ArmBudget> MatchTokens(ArmSet& set, MatchOn on) {
  UPCYCLE_CHECK(set.baseline < set.arms.size());
  const RunSettings& baseline = set.arms[set.baseline].settings;
  const double reference =
      AmountPerToken(baseline, on) * static_cast<double>(WholeBatchTokens(baseline));
  std::vector<ArmBudget> budgets;
  for (size_t i = 0; i < set.arms.size(); ++i) {
    RunSettings& settings = set.arms[i].settings;
    ArmBudget& budget = budgets.emplace_back();
    const int64_t batch = TokensPerStep(settings.train, settings.model);
    budget.tokens = WholeBatchTokens(settings);
    if (on != MatchOn::kNone && i != set.baseline) {
      const double steps = std::round(reference / AmountPerStep(settings, on));
      budget.tokens = static_cast<int64_t>(std::max(1.0, steps)) * batch;
    }
    if (on != MatchOn::kNone) settings.train.tokens = budget.tokens;
    budget.amount = AmountPerToken(settings, on) * static_cast<double>(budget.tokens);
    budget.mismatch = budget.amount / reference - 1;
  }
  return budgets;
}

int64_t TokensForTolerance(const RunSettings& baseline, const RunSettings& arm, MatchOn on,
                           double tolerance) {
  if (tolerance <= 0) return 0;
  const double amount = AmountPerStep(arm, on) * 0.5 / tolerance;
  const double steps = std::ceil(amount / AmountPerStep(baseline, on));
  return static_cast<int64_t>(steps) * TokensPerStep(baseline.train, baseline.model);
}

}  // namespace upcycle
