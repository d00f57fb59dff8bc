// What a whole study will take, before it starts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "experiments/study/plan.h"
#include "experiments/study/prediction.h"
#include "experiments/study/study.h"

namespace upcycle {

// How fast the machine is at trainings.
struct MachineRate {
  double flops_per_core_second = 0;  // as PredictStage wants it
  int cores = 1;                     // that compute at once
  double flops_per_gpu_second = 0;   // 0: not known, and all is counted as the cores' work
  int gpus = 0;                      // that compute at once
};

struct StudyForecast {
  std::vector<StagePrediction> trainings;  // one run of each arm, in the recipe's order
  int64_t needed_stages = 0;
  double core_seconds = 0;  // of the needed stages, as StagePrediction says
  double gpu_seconds = 0;   // of those that ask for a GPU, which take none of the cores' seconds
  double wall_seconds = 0;  // with everything that can compute at once computing
  int64_t disk_bytes = 0;   // of the needed stages
  std::optional<Fingerprint> costliest = std::nullopt;  // training that is needed
};

StudyForecast ForecastStudy(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                            const MachineRate& rate);

// The rate at which so many whole batches of a training a second, on the whole machine, were
// measured. What is not measured (cores, where it computes on GPUs) is as in `known`.
MachineRate CalibratedRate(const Stage& training, double batches_per_second,
                           const MachineRate& known);

}  // namespace upcycle
