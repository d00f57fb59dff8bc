#include "experiments/study/forecast.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

template <typename Key, typename Value, typename Make>
const Value& Remembered(std::map<Key, Value>& known, const Key& key, Make make) {
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, make()).first->second;
}

}  // namespace

StudyForecast ForecastStudy(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                            double flops_per_core_second) {
  StudyForecast forecast;
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
        return PredictStage(stage, flops_per_core_second);
      };
      const bool is_shared = place.role < StageRole::kStart;
      const StagePrediction prediction =
          is_shared ? predict() : Remembered(of_arm, {run.arm, place}, predict);
      if (place.role == StageRole::kTrain) forecast.trainings[run.arm] = prediction;
      if (!plan.at(fingerprint).needed) continue;
      ++forecast.needed_stages;
      forecast.core_seconds += prediction.core_seconds;
      forecast.disk_bytes += prediction.disk_bytes;
    }
  }
  return forecast;
}

std::string HoldToBudget(const BudgetSettings& budget, const StudyForecast& forecast) {
  const double core_hours = forecast.core_seconds / 3600;
  if (budget.core_hours == 0 || core_hours <= budget.core_hours) return "";
  const std::string excess = fmt::format(
      "what is left of the study is predicted to take {:.3g} core hours, and its budget "
      "(budget.core_hours) is {:.3g}",
      core_hours, budget.core_hours);
  if (budget.on_exceed == OnExceed::kWarn) return excess;
  throw Error(Cause::kInput, excess +
                                 "; nothing was started. Give it fewer tokens, arms or seeds, a "
                                 "larger budget, or budget.on_exceed=warn");
}

}  // namespace upcycle
