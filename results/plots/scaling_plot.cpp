// A metric over the compute of training: a mark for each arm, the arms of one method together.

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/spelling.h"
#include "results/comparison/metric_families.h"
#include "results/plots/chosen_arms.h"
#include "results/plots/kinds.h"
#include "results/statistics/power_law.h"
#include "results/statistics/summary.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr size_t kMostArms = 1000;
constexpr int kPointsOfALaw = 60;
constexpr double kSameCompute = 1.1;  // closer amounts say nothing about scaling

// Arms that differ only in how large a model is trained how long are one method.
std::string MethodOf(const ArmFacts& arm) {
  auto settings = nlohmann::json::parse(arm.settings);
  for (const char* size : {"model", "parent", "data"}) settings.erase(size);
  if (settings.contains("train")) settings["train"].erase("tokens");
  return settings.dump();
}

constexpr std::string_view kSeparators = " ,;:-_/(=";

// In whole words.
std::string CommonBeginning(const std::string& a, const std::string& b) {
  const auto differ = std::ranges::mismatch(a, b);
  const auto ends_word = [](auto at, const std::string& text) {
    return at == text.end() || kSeparators.find(*at) != std::string_view::npos;
  };
  std::string common(a.begin(), differ.in1);
  if (ends_word(differ.in1, a) && ends_word(differ.in2, b)) return common;
  const size_t last = common.find_last_of(kSeparators);
  return common.substr(0, last == std::string::npos ? 0 : last);
}

// What the names of its arms have in common, else the first of them.
std::string NameOfMethod(const StudyFacts& study, const std::vector<size_t>& arms) {
  std::string name = study.arms[arms.front()].name;
  for (const size_t arm : arms) name = CommonBeginning(name, study.arms[arm].name);
  while (!name.empty() && kSeparators.find(name.back()) != std::string_view::npos) name.pop_back();
  return name.empty() ? study.arms[arms.front()].name + " …" : name;
}

struct ArmValue {
  double flops = 0;
  Summary value;
};

std::optional<ArmValue> ValueOf(const StudyFacts& study, const ArmFacts& arm,
                                const std::string& metric) {
  std::vector<double> values;
  for (const RunFacts& run : arm.runs) {
    const auto found = run.values.find(metric);
    if (found != run.values.end() && std::isfinite(found->second.value)) {
      values.push_back(found->second.value);
    }
  }
  if (values.empty() || !(arm.cost.train_flops > 0)) return std::nullopt;
  return ArmValue{arm.cost.train_flops, Summarize(values, study.table.interval)};
}

class ScalingBuilder {
 public:
  ScalingBuilder(const StudyFacts& study, std::string metric)
      : study_(study), metric_(std::move(metric)) {}

  void AddMethod(const std::vector<size_t>& arms) {
    const size_t style = style_++;
    const std::string method = NameOfMethod(study_, arms);
    std::string name = method;
    std::vector<ScalingPoint> points;
    for (const size_t arm : arms) {
      const auto found = ValueOf(study_, study_.arms[arm], metric_);
      if (!found) continue;
      lowest_ = std::min(lowest_, found->flops), highest_ = std::max(highest_, found->flops);
      is_positive_ &= found->value.mean > 0;
      panel_.marks.push_back(
          {.name = std::exchange(name, ""),
           .style = style,
           .spot = {found->flops, found->value.mean,
                    fmt::format("{}, {} FLOPs: {}", study_.arms[arm].name,
                                ScientificText(found->flops),
                                EstimateText(found->value.mean, found->value.half_width))},
           .half_width = found->value.half_width});
      points.push_back({found->flops, found->value.mean});
    }
    if (points.size() > 1 && is_positive_ && metric_.ends_with("loss")) {
      AddLaw(method, style, points);
    }
  }

  bool HasSeveralAmounts() const { return highest_ > kSameCompute * lowest_; }
  bool empty() const { return panel_.marks.empty(); }
  bool has_bands() const { return !panel_.bands.empty(); }
  // Sentences about laws that are drawn, and about those that are not.
  const std::string& laws() const { return laws_; }

  Panel Finish() {
    panel_.x = {.label = "train FLOPs", .scale = Scale::kLogarithmic};
    panel_.y = AxisOfMetric(metric_);
    if (is_positive_) panel_.y.scale = Scale::kLogarithmic;
    return std::move(panel_);
  }

 private:
  // One mean an arm counts as one point, however many seeds it has: seeds share what an arm gains
  // or loses beside the law.
  void AddLaw(const std::string& method, size_t style, const std::vector<ScalingPoint>& points) {
    const PowerLaw law = FitPowerLaw(points, study_.table.interval);
    if (!law.problem.empty()) {
      laws_ += fmt::format(" No law for {}: {}.", method, law.problem);
      return;
    }
    const auto [least, most] = std::ranges::minmax(points, {}, &ScalingPoint::x);
    Series curve = {.name = fmt::format("{}, α = {:.3g}", method, law.exponent),
                    .style = style,
                    .stroke = Stroke::kFit};
    std::vector<double> places;
    for (int i = 0; i < kPointsOfALaw; ++i) {
      places.push_back(least.x * std::pow(most.x / least.x, i / (kPointsOfALaw - 1.0)));
      curve.spots.push_back({places.back(), law.At(places.back())});
    }
    panel_.series.push_back(std::move(curve));
    const auto ends = LawBand(points, law, places, study_.table.interval);
    Band& band = panel_.bands.emplace_back(Band{.style = style});
    for (size_t i = 0; i < places.size(); ++i) {
      band.spots.push_back({places[i], ends[i].low, ends[i].high});
    }
    laws_ += fmt::format(
        " Law of {}: E + A·C^−α with E = {:.4g} ({:.4g} to {:.4g}) and α = {:.3g} "
        "({:.3g} to {:.3g}).",
        method, law.floor, law.floor_interval.low, law.floor_interval.high, law.exponent,
        law.exponent_interval.low, law.exponent_interval.high);
  }

  const StudyFacts& study_;
  std::string metric_;
  std::string laws_;
  Panel panel_;
  size_t style_ = 0;
  double lowest_ = INFINITY, highest_ = 0;
  bool is_positive_ = true;
};

// Throws Error(kInput) for a metric that is no result of the study, and is not to come either.
void RequireMetric(LedgerReader& ledger, const StudyFacts& study, const std::string& metric) {
  if (metric == study.metric) return;
  const std::vector<std::string> recorded = ledger.RecordedMetrics(study);
  if (recorded.empty() || std::ranges::find(recorded, metric) != recorded.end()) return;
  throw Error(Cause::kInput, fmt::format("the study \"{}\" has no results of \"{}\"{} It has {}",
                                         study.name, metric, DidYouMean(metric, recorded),
                                         fmt::join(MetricFamilies(recorded), ", ")));
}

}  // namespace

StudyPlot ScalingPlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request) {
  const std::string metric = request.metric.empty() ? study.metric : request.metric;
  RequireMetric(ledger, study, metric);
  StudyFacts valued = study;
  ledger.ReadValues(&valued, std::vector<std::string>{metric});
  const ChosenArms chosen = ChooseArms(ReadArmEntries(ledger, study), request.arms, kMostArms);
  std::vector<std::vector<size_t>> methods;  // in the order of their first arms
  std::map<std::string, size_t> places;
  for (const size_t arm : chosen.arms) {
    const auto [place, is_new] = places.try_emplace(MethodOf(study.arms[arm]), methods.size());
    if (is_new) methods.emplace_back();
    methods[place->second].push_back(arm);
  }
  ScalingBuilder builder(valued, metric);
  for (const auto& method : methods) builder.AddMethod(method);
  if (builder.empty()) {
    return {.plot = {},
            .why_not = fmt::format("no arm of the study \"{}\" has a value of {} and a count of "
                                   "its FLOPs yet: `upcycle compare {}` shows what there is",
                                   study.name, metric, study.name)};
  }
  if (!builder.HasSeveralAmounts()) {
    return {
        .plot = {},
        .why_not = fmt::format("all arms of the study \"{}\" were trained with the same compute: "
                               "give it arms of several train.tokens or models, and match: "
                               "{{on: none}}",
                               study.name)};
  }
  Plot plot = {
      .name = fmt::format("{}: {} over compute", study.name, metric),
      .caption = fmt::format("{} over the FLOPs of each arm's own training, study {}. Marks: "
                             "means over seeds; lines: {} t intervals of the means.",
                             metric, study.name, PercentText(study.table.interval))};
  plot.caption += builder.laws();
  if (builder.has_bands()) {
    plot.caption += fmt::format(
        " Bands: the {} profile intervals of a law's own value, each amount of compute for itself: "
        "where other laws fit the marks about as well, not where another arm would lie.",
        PercentText(study.table.interval));
  }
  if (!chosen.note.empty()) plot.caption += " " + chosen.note;
  plot.rows.emplace_back().push_back(builder.Finish());
  return {.plot = std::move(plot)};
}

}  // namespace upcycle
