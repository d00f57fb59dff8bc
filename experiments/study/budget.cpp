#include "experiments/study/budget.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace upcycle {
namespace {

using Plan = std::map<Fingerprint, StagePlan>;

// Runs in the order in which they are kept: group after group, each of one priority and seed.
struct Groups {
  Groups(const Study& study, bool by_priority) {
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> groups;
    for (size_t i = 0; i < study.runs.size(); ++i) {
      const Study::Run& run = study.runs[i];
      const int64_t priority = study.recipe.arms[run.arm].settings.execution.priority;
      groups[{by_priority ? -priority : 0, run.seed}].push_back(i);
    }
    for (auto& [key, runs] : groups) kept_first.push_back(std::move(runs));
  }
  std::vector<std::vector<size_t>> kept_first;
};

std::set<Fingerprint> StagesOfFirst(const Study& study, const Groups& groups, size_t count) {
  std::set<Fingerprint> stages;
  for (size_t group = 0; group < count; ++group) {
    for (const size_t run : groups.kept_first[group]) {
      for (const auto& [place, stage] : study.runs[run].stages) stages.insert(stage);
    }
  }
  return stages;
}

StudyForecast ForecastOfFirst(const Study& study, const Plan& plan, const Groups& groups,
                              size_t count, const MachineRate& rate) {
  const std::set<Fingerprint> kept = StagesOfFirst(study, groups, count);
  Plan rest = plan;
  for (auto& [stage, step] : rest) step.needed = step.needed && kept.contains(stage);
  return ForecastStudy(study, rest, rate);
}

// The largest number of groups, from the first on, that the budget allows. More groups cost more.
size_t GroupsWithin(const Study& study, const Plan& plan, const Groups& groups,
                    const MachineRate& rate, const StudyCost& spent) {
  size_t fits = 0, over = groups.kept_first.size() + 1;
  while (over - fits > 1) {
    const size_t count = (fits + over) / 2;
    const StudyCost cost = CostOf(ForecastOfFirst(study, plan, groups, count, rate), spent);
    (DescribeExcess(study.recipe.budget, cost).empty() ? fits : over) = count;
  }
  return fits;
}

}  // namespace

StudyCost CostOf(const StudyForecast& left, const StudyCost& spent) {
  return {.core_seconds = spent.core_seconds + left.core_seconds,
          .gpu_seconds = spent.gpu_seconds + left.gpu_seconds,
          .wall_seconds = spent.wall_seconds + left.wall_seconds,
          .disk_bytes = spent.disk_bytes + left.disk_bytes};
}

std::vector<BudgetLine> CompareWithBudget(const BudgetSettings& budget, const StudyCost& cost) {
  const BudgetLine all[] = {
      {"core_hours", budget.core_hours, cost.core_seconds / 3600},
      {"gpu_hours", budget.gpu_hours, cost.gpu_seconds / 3600},
      {"wall_hours", budget.wall_hours, cost.wall_seconds / 3600},
      {"disk_gb", budget.disk_gb, static_cast<double>(cost.disk_bytes) / 1e9},
  };
  std::vector<BudgetLine> set;
  std::copy_if(std::begin(all), std::end(all), std::back_inserter(set),
               [](const BudgetLine& line) { return line.limit > 0; });
  return set;
}

std::string DescribeExcess(const BudgetSettings& budget, const StudyCost& cost) {
  std::string text;
  for (const BudgetLine& line : CompareWithBudget(budget, cost)) {
    if (!line.IsExceeded()) continue;
    text += fmt::format("{}{:.3g} of budget.{}={:g}", text.empty() ? "" : ", ", line.cost, line.key,
                        line.limit);
  }
  return text;
}

BudgetCut CutToBudget(const Study& study, const Plan& plan, const MachineRate& rate,
                      const StudyCost& spent) {
  const Groups groups(study, /*by_priority=*/true);
  const size_t count = GroupsWithin(study, plan, groups, rate, spent);
  const std::set<Fingerprint> kept = StagesOfFirst(study, groups, count);
  std::string limits;
  for (const BudgetLine& line : CompareWithBudget(study.recipe.budget, {})) {
    limits += fmt::format("{}budget.{}={:g}", limits.empty() ? "" : ", ", line.key, line.limit);
  }
  BudgetCut cut;
  std::set<int64_t> all_seeds, cut_seeds;
  for (const Study::Run& run : study.runs) all_seeds.insert(run.seed);
  for (size_t group = count; group < groups.kept_first.size(); ++group) {
    for (const size_t run : groups.kept_first[group]) {
      bool is_whole = true;  // complete, or made for others
      for (const auto& [place, stage] : study.runs[run].stages) {
        if (kept.contains(stage) || !plan.at(stage).needed) continue;
        cut.stages[stage] = "left out to keep within " + limits;
        is_whole = false;
      }
      if (is_whole) continue;
      cut.runs.push_back(run);
      cut_seeds.insert(study.runs[run].seed);
    }
  }
  cut.seeds = static_cast<int64_t>(all_seeds.size() - cut_seeds.size());
  return cut;
}

int64_t SeedsWithinBudget(const Study& study, const Plan& plan, const MachineRate& rate,
                          const StudyCost& spent) {
  const Groups groups(study, /*by_priority=*/false);
  return static_cast<int64_t>(GroupsWithin(study, plan, groups, rate, spent));
}

}  // namespace upcycle
