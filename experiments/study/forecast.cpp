#include "experiments/study/forecast.h"

#include <algorithm>
#include <utility>

namespace upcycle {
namespace {

template <typename Key, typename Value, typename Make>
const Value& Remembered(std::map<Key, Value>& known, const Key& key, Make make) {
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, make()).first->second;
}

bool IsOnGpu(const Arm& arm, const MachineRate& rate) {
  return rate.flops_per_gpu_second > 0 && arm.settings.execution.device != "cpu";
}

}  // namespace

StudyForecast ForecastStudy(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                            const MachineRate& rate) {
  StudyForecast forecast;
  double most_flops = 0;
  forecast.trainings.resize(study.recipe.arms.size());
  // The seeds of an arm cost the same, so that a study of ten thousand runs needs few predictions.
  std::map<std::pair<size_t, StagePlace>, StagePrediction> of_arm;
  std::map<Fingerprint, size_t> counted;  // the arm that had the stage first
  for (const Study::Run& run : study.runs) {
    for (const auto& [place, fingerprint] : run.stages) {
      const auto [first, is_new] = counted.try_emplace(fingerprint, run.arm);
      if (!is_new) {
        // Arms that differ in what is asked of their models alone.
        if (place.role == StageRole::kTrain) {
          forecast.trainings[run.arm] = forecast.trainings[first->second];
        }
        continue;
      }
      const auto predict = [&, &stage = study.stages.at(fingerprint)] {
        return PredictStage(stage, rate.flops_per_core_second);
      };
      const bool is_shared = place.role < StageRole::kStart;
      const StagePrediction prediction =
          is_shared ? predict() : Remembered(of_arm, {run.arm, place}, predict);
      if (place.role == StageRole::kTrain) forecast.trainings[run.arm] = prediction;
      if (!plan.at(fingerprint).needed) continue;
      ++forecast.needed_stages;
      forecast.disk_bytes += prediction.disk_bytes;
      if (prediction.flops > most_flops) {
        most_flops = prediction.flops;
        forecast.costliest = fingerprint;
      }
      if (IsOnGpu(study.recipe.arms[run.arm], rate)) {
        forecast.gpu_seconds += prediction.flops / rate.flops_per_gpu_second;
      } else {
        forecast.core_seconds += prediction.core_seconds;
      }
    }
  }
  forecast.wall_seconds = forecast.core_seconds / std::max(1, rate.cores) +
                          forecast.gpu_seconds / std::max(1, rate.gpus);
  return forecast;
}

MachineRate CalibratedRate(const Stage& training, double batches_per_second,
                           const MachineRate& known) {
  const TrainOrder order = ReadTrainOrder(training);
  const StagePrediction at_one = PredictStage(training, /*flops_per_core_second=*/1);
  const double batch_tokens =
      static_cast<double>(order.train.batch_sequences * order.architecture.model.sequence_length);
  const double batch_share = batch_tokens / static_cast<double>(at_one.tokens);
  MachineRate rate = known;
  if (known.gpus > 0 && order.execution.device != "cpu") {
    rate.flops_per_gpu_second = at_one.flops * batch_share * batches_per_second / known.gpus;
  } else {
    rate.flops_per_core_second =
        at_one.core_seconds * batch_share * batches_per_second / known.cores;
  }
  return rate;
}

}  // namespace upcycle
