#include "experiments/scheduling/early_stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/recipe/decision_steps.h"

namespace upcycle {
namespace {

constexpr const char* kLoss = "validation/loss";

// Of an even number the lower one of the two in the middle: half of them go on.
double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

EarlyStopping::EarlyStopping(const Study& study, const fs::path& ledger)
    : settings_(study.recipe.early_stopping), ledger_(ledger) {
  if (settings_.method == EarlyStoppingMethod::kNone) return;
  for (size_t i = 0; i < study.recipe.arms.size(); ++i) {
    arms_.push_back({.name = study.recipe.arms[i].name,
                     .is_baseline = i == study.recipe.baseline,
                     .steps = DecisionSteps(study.recipe.arms[i].settings, settings_),
                     .trainings = {},
                     .ended = {}});
  }
  for (const Study::Run& run : study.runs) {
    const Fingerprint& training = run.stages.at(StageRole::kTrain);
    arms_[run.arm].trainings.push_back(training);
    arm_of_.emplace(training, run.arm);
  }
  for (const auto& [training, arm] : arm_of_) Look(training);
}

void EarlyStopping::Look(const Fingerprint& stage) {
  if (!arm_of_.contains(stage)) return;
  if (const auto facts = ledger_.FindStage(stage)) {
    for (const MetricPoint& point : ledger_.ReadPoints(facts->id, kLoss)) {
      losses_[stage][point.step] = point.value;
    }
  }
  Decide();
}

void EarlyStopping::Drop(const Fingerprint& stage) {
  const auto arm = arm_of_.find(stage);
  if (arm == arm_of_.end()) return;
  arms_[arm->second].is_dropped = true;
  Decide();
}

void EarlyStopping::Decide() {
  for (Arm& arm : arms_) {
    arm.ended.clear();
    arm.next.reset();
  }
  const size_t decisions = arms_.empty() ? 0 : arms_.front().steps.size();
  for (size_t number = 0; number < decisions; ++number) {
    std::vector<Arm*> compared;
    std::vector<double> means;
    for (Arm& arm : arms_) {
      if (arm.is_dropped || !arm.ended.empty()) continue;
      compared.push_back(&arm);
      if (const auto mean = MeanAt(arm, number)) means.push_back(*mean);
    }
    if (means.size() < compared.size()) {
      for (Arm* arm : compared) arm->next = number;
      return;
    }
    DecideAt(number, compared, means);
  }
}

std::optional<double> EarlyStopping::MeanAt(const Arm& arm, size_t number) const {
  double sum = 0;
  for (const Fingerprint& training : arm.trainings) {
    const auto losses = losses_.find(training);
    if (losses == losses_.end()) return std::nullopt;
    const auto loss = losses->second.find(arm.steps[number]);
    if (loss == losses->second.end()) return std::nullopt;
    sum += loss->second;
  }
  const double mean = sum / static_cast<double>(arm.trainings.size());
  return std::isfinite(mean) ? mean : std::numeric_limits<double>::infinity();
}

void EarlyStopping::DecideAt(size_t number, const std::vector<Arm*>& arms,
                             const std::vector<double>& means) {
  std::vector<double> sorted = means;
  std::sort(sorted.begin(), sorted.end());
  const bool is_median = settings_.method == EarlyStoppingMethod::kMedian;
  const auto kept = static_cast<size_t>(
      std::max(1.0, std::ceil(settings_.keep * static_cast<double>(sorted.size()))));
  const double worst = is_median ? MedianOf(sorted) : sorted[kept - 1];
  for (size_t i = 0; i < arms.size(); ++i) {
    if (arms[i]->is_baseline || means[i] <= worst) continue;
    arms[i]->ended = fmt::format(
        "its {} of {:.6g} after {} steps was above {:.6g}, {} of the {} arms that had come as far",
        kLoss, means[i], arms[i]->steps[number], worst,
        is_median ? "the median" : fmt::format("the {} best", kept), arms.size());
  }
}

EarlyStopping::Ruling EarlyStopping::Of(const Fingerprint& stage) const {
  const auto found = arm_of_.find(stage);
  if (found == arm_of_.end()) return {};
  const Arm& arm = arms_[found->second];
  if (!arm.ended.empty()) return {.kind = Ruling::Kind::kEnd, .reason = arm.ended};
  if (arm.is_dropped || !arm.next) return {};
  const int64_t step = arm.steps[*arm.next];
  const auto losses = losses_.find(stage);
  if (losses != losses_.end() && losses->second.contains(step)) {
    return {.kind = Ruling::Kind::kWait,
            .reason = fmt::format("for the other arms to come as far as {} of {} decisions: early "
                                  "stopping compares them there",
                                  *arm.next + 1, arm.steps.size())};
  }
  return {.until = step};
}

}  // namespace upcycle
