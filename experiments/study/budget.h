// What a study may cost (`budget`), held against what it has cost and will.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "experiments/study/forecast.h"
#include "experiments/study/plan.h"
#include "experiments/study/study.h"

namespace upcycle {

struct StudyCost {
  double core_seconds = 0;
  double gpu_seconds = 0;
  double wall_seconds = 0;
  int64_t disk_bytes = 0;
};

// What was spent, and what is left to do.
StudyCost CostOf(const StudyForecast& left, const StudyCost& spent = {});

// A limit that the recipe sets, in its own unit, and what is held against it.
struct BudgetLine {
  std::string key;  // "core_hours"
  double limit = 0;
  double cost = 0;
  bool IsExceeded() const { return cost > limit; }
};
std::vector<BudgetLine> CompareWithBudget(const BudgetSettings& budget, const StudyCost& cost);

// "2.5 of budget.core_hours=2" of the limits that are exceeded; empty where none is.
std::string DescribeExcess(const BudgetSettings& budget, const StudyCost& cost);

// Of runs that are left out, the stages that no other run needs; they are then not needed.
using LeftOut = std::map<Fingerprint, std::string>;  // with the reason
struct BudgetCut {
  LeftOut stages;
  std::vector<size_t> runs;  // of Study::runs
  int64_t seeds = 0;         // of which no run is left out
};

// Which runs to leave out so that the rest is within the budget: whole groups of one priority and
// seed, those of the lowest priority first, and of these the highest seeds. Where the first group
// alone exceeds it, all are left out.
BudgetCut CutToBudget(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                      const MachineRate& rate, const StudyCost& spent);

// How many of the recipe's seeds, from the lowest on and with every arm, the budget allows.
int64_t SeedsWithinBudget(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                          const MachineRate& rate, const StudyCost& spent);

}  // namespace upcycle
