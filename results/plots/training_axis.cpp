#include "results/plots/training_axis.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/recipe/canonical.h"
#include "core/setting_paths.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

BatchPlan PlanOf(const ArmFacts& arm) {
  const auto settings = nlohmann::json::parse(arm.settings);
  const nlohmann::json* length = FindSetting(settings, "model.sequence_length");
  if (!settings.contains("train") || length == nullptr || !length->is_number_integer() ||
      *length < 1) {
    throw Error(Cause::kInput,
                fmt::format("the arm \"{}\" does not say how many tokens a step has; plot it with "
                            "--against steps",
                            arm.name));
  }
  ModelSettings model;
  model.sequence_length = *length;
  return {SettingsFromJson<TrainSettings>(settings["train"]), model};
}

}  // namespace

TrainingAxis::TrainingAxis(const ArmFacts& arm, Against against) : against_(against) {
  if (against == Against::kSteps) return;
  plan_.push_back(PlanOf(arm));
  const bool is_counted = arm.cost.train_tokens > 0 && arm.cost.train_flops > 0;
  flops_per_token_ = is_counted ? arm.cost.train_flops / arm.cost.train_tokens : kUnknown;
}

void TrainingAxis::SetRates(const std::vector<MetricPoint>& tokens_per_second) {
  times_ = {{0, 0}};
  for (const MetricPoint& point : tokens_per_second) {
    if (!(point.value > 0) || point.step <= times_.back().step) continue;
    const double tokens = TokensAt(point.step) - TokensAt(times_.back().step);
    times_.push_back({point.step, times_.back().seconds + tokens / point.value});
  }
}

double TrainingAxis::At(int64_t step) const {
  switch (against_) {
    case Against::kSteps:
      return static_cast<double>(step);
    case Against::kTokens:
      return TokensAt(step);
    case Against::kFlops:
      return TokensAt(step) * flops_per_token_;
    case Against::kTime:
      return SecondsAt(step);
  }
  return kUnknown;
}

double TrainingAxis::TokensAt(int64_t step) const {
  return static_cast<double>(plan_.front().TokensOf(std::max<int64_t>(0, step)));
}

// Between two records the rate is that of the second, behind the last record that of the last.
double TrainingAxis::SecondsAt(int64_t step) const {
  if (times_.size() < 2) return kUnknown;
  auto next = std::ranges::lower_bound(times_, step, {}, &Time::step);
  if (next == times_.begin()) return 0;
  if (next == times_.end()) --next;
  const Time& before = *(next - 1);
  const double share =
      static_cast<double>(step - before.step) / static_cast<double>(next->step - before.step);
  return before.seconds + share * (next->seconds - before.seconds);
}

Axis AxisOf(Against against) {
  switch (against) {
    case Against::kSteps:
      return {.label = "steps", .whole = true};
    case Against::kTokens:
      return {.label = "tokens"};
    case Against::kFlops:
      return {.label = "train FLOPs"};
    case Against::kTime:
      return {.label = "time of training", .unit = "s"};
  }
  return {};
}

Against UsualAxis(const StudyFacts& study) {
  if (study.matched_on.ends_with("train_flops")) return Against::kFlops;
  return study.matched_on == "train_tokens" ? Against::kTokens : Against::kSteps;
}

std::string PlaceText(Against against, double at) {
  switch (against) {
    case Against::kSteps:
      return fmt::format("step {:.0f}", at);
    case Against::kTokens:
      return CountText(at) + " tokens";
    case Against::kFlops:
      return ScientificText(at) + " FLOPs";
    case Against::kTime:
      return fmt::format("{:.1f} s", at);
  }
  return "";
}

}  // namespace upcycle
