#include "core/recipe/match.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/recipe/batch_plan.h"
#include "core/recipe/cost.h"

namespace upcycle {
namespace {

int64_t WholeBatchTokens(const RunSettings& settings) {
  return TrainTokens(settings.train, settings.model);
}

double AmountPerStep(const RunSettings& settings, MatchOn on) {
  return AmountPerToken(settings, on) *
         static_cast<double>(TokensPerStep(settings.train, settings.model));
}

// The tokens of those steps that come nearest to so many whole batches; of at least one step.
int64_t NearestTokens(const RunSettings& settings, double batches) {
  const BatchPlan plan(settings.train, settings.model);
  const double batch = static_cast<double>(TokensPerStep(settings.train, settings.model));
  if (!settings.train.batch_ramp.IsOn()) {
    return plan.TokensOf(static_cast<int64_t>(std::max(1.0, std::round(batches))));
  }
  const double tokens = batches * batch;
  const int64_t steps = std::max<int64_t>(1, plan.StepsIn(static_cast<int64_t>(tokens)));
  const double below = static_cast<double>(plan.TokensOf(steps));
  const double above = static_cast<double>(plan.TokensOf(steps + 1));
  return plan.TokensOf(tokens - below < above - tokens ? steps : steps + 1);
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
    budget.tokens = WholeBatchTokens(settings);
    if (on != MatchOn::kNone && i != set.baseline) {
      const double most_batches =
          kMostTokens / static_cast<double>(TokensPerStep(settings.train, settings.model));
      const double batches = reference / AmountPerStep(settings, on);
      budget.is_capped = batches > most_batches + 0.5;
      budget.tokens = NearestTokens(settings, std::min(batches, most_batches));
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
  const double batch = static_cast<double>(TokensPerStep(baseline.train, baseline.model));
  if (steps * batch > kMostTokens) return 0;
  const int64_t tokens =
      static_cast<int64_t>(steps) * TokensPerStep(baseline.train, baseline.model);
  // Whole steps, or rounding down would leave fewer.
  const BatchPlan plan(baseline.train, baseline.model);
  const int64_t whole_steps = plan.StepsIn(tokens);
  return plan.TokensOf(plan.TokensOf(whole_steps) < tokens ? whole_steps + 1 : whole_steps);
}

}  // namespace upcycle
