// What a whole study will take, before it starts, and whether its budget allows that.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "experiments/study/plan.h"
#include "experiments/study/prediction.h"
#include "experiments/study/study.h"

namespace upcycle {

struct StudyForecast {
  std::vector<StagePrediction> trainings;  // one run of each arm, in the recipe's order
  int64_t needed_stages = 0;
  double core_seconds = 0;  // of the needed stages, as StagePrediction says
  int64_t disk_bytes = 0;   // of the needed stages
};

StudyForecast ForecastStudy(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                            double flops_per_core_second);

// What is to be said about a forecast that exceeds the recipe's budget of core hours; empty where
// it does not. Throws Error(kInput) where the recipe refuses to start then.
std::string HoldToBudget(const BudgetSettings& budget, const StudyForecast& forecast);

}  // namespace upcycle
