#include "results/comparison/metric_cells.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/recipe/metrics.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// What is compared to find the best; NaN where an arm is out of the contest.
double ContestedValue(const Comparison& comparison, const ArmComparison& arm, size_t metric) {
  if (comparison.table.cell == CellMeaning::kDifference) return arm.differences[metric].mean;
  const Summary& summary = arm.summaries[metric];
  const auto planned = static_cast<int64_t>(arm.runs.size());
  if (summary.count != arm.seeds_asked.value_or(planned)) return kNone;
  const ArmComparison* baseline = BaselineOf(comparison);
  const ArmComparison& other = baseline != nullptr ? *baseline : comparison.arms.front();
  const bool compares =
      WhyNotComparable(comparison.metrics[metric], arm.measured, other.measured, other.name)
          .empty();
  return compares ? summary.mean : kNone;
}

std::vector<bool> BestCells(const Comparison& comparison,
                            const std::vector<const ArmComparison*>& arms, size_t metric) {
  std::vector<bool> bold(arms.size(), false);
  const auto preference = PreferenceOf(comparison, metric);
  if (!preference) return bold;
  const double sign = *preference == Preference::kLower ? 1 : -1;
  std::vector<double> losses;  // less is better
  for (const ArmComparison* arm : arms) {
    losses.push_back(sign * ContestedValue(comparison, *arm, metric));
  }
  std::vector<double> contested = losses;
  std::erase_if(contested, [](double loss) { return loss != loss; });
  if (comparison.table.cell == CellMeaning::kDifference) contested.push_back(0);  // the baseline
  if (contested.size() < 2) return bold;
  const double best = std::ranges::min(contested);
  if (best == std::ranges::max(contested)) return bold;
  for (size_t i = 0; i < losses.size(); ++i) bold[i] = losses[i] == best;
  return bold;
}

}  // namespace

std::optional<Preference> PreferenceOf(const Comparison& comparison, size_t metric) {
  if (metric == 0) return comparison.preference;
  const auto goal = UsualGoal(comparison.metrics[metric]);
  if (!goal) return std::nullopt;
  return *goal == Goal::kMinimize ? Preference::kLower : Preference::kHigher;
}

Column MetricColumn(const Comparison& comparison, std::string title, std::string key) {
  Column column = {std::move(title), std::move(key), Notation::kEstimate, comparison.table.digits};
  switch (comparison.table.cell) {
    case CellMeaning::kMeanInterval:
      break;
    case CellMeaning::kMeanDeviation:
      column.spread = "deviation";
      break;
    case CellMeaning::kDifference:
      column.notation = Notation::kSignedEstimate;
      column.key += " difference";
      break;
    case CellMeaning::kMean:
      column.spread = "";
      break;
  }
  return column;
}

Cell MetricCell(const Comparison& comparison, const ArmComparison& arm, size_t metric) {
  const Summary& summary = arm.summaries[metric];
  switch (comparison.table.cell) {
    case CellMeaning::kMeanInterval:
      return {.value = summary.mean, .half_width = summary.half_width};
    case CellMeaning::kMeanDeviation:
      return {.value = summary.mean, .half_width = summary.deviation};
    case CellMeaning::kDifference:
      return {.value = arm.differences[metric].mean,
              .half_width = arm.differences[metric].half_width};
    case CellMeaning::kMean:
      return {.value = summary.mean};
  }
  return {};
}

std::vector<bool> BoldCells(const Comparison& comparison,
                            const std::vector<const ArmComparison*>& arms, size_t metric) {
  std::vector<bool> bold(arms.size(), false);
  switch (comparison.table.bold) {
    case BoldRule::kNone:
      break;
    case BoldRule::kBest:
      return BestCells(comparison, arms, metric);
    case BoldRule::kDecided:
      for (size_t i = 0; i < arms.size() && metric == 0; ++i) {
        bold[i] = arms[i]->judgement && arms[i]->judgement->verdict == Verdict::kBetter;
      }
      break;
  }
  return bold;
}

}  // namespace upcycle
