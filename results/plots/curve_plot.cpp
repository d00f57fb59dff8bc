// A metric along the training: a line for each arm, the mean over its seeds, within the t interval
// of that mean.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/spelling.h"
#include "results/comparison/metric_families.h"
#include "results/plots/chosen_arms.h"
#include "results/plots/kinds.h"
#include "results/plots/study_curves.h"
#include "results/plots/training_axis.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr size_t kMostArms = 12;

constexpr double kRoomBehind = 1.02;  // of the last x, so that its marker is whole

// Where the values of the first tenth reach this much farther than all that follow, as those of a
// training from scratch do, they would press the rest into a line.
constexpr double kStart = 0.1;
constexpr double kFarther = 3;

constexpr double kBandRoom = 0.5;  // of the lines' span, that bands may add to each side

// The study's own metric is often one of the end alone.
std::string UsualMetric(const StudyFacts& study, const std::set<std::string>& recorded) {
  for (const std::string& name : {study.metric, std::string("validation/loss")}) {
    if (recorded.contains(name)) return name;
  }
  return "train/loss";
}

[[noreturn]] void RefuseMetric(const StudyFacts& study, const std::string& metric,
                               const std::set<std::string>& recorded) {
  const std::vector<std::string> names(recorded.begin(), recorded.end());
  throw Error(
      Cause::kInput,
      fmt::format("no training of the study \"{}\" recorded \"{}\"{} It has {}", study.name, metric,
                  DidYouMean(metric, names), fmt::join(MetricFamilies(names), ", ")));
}

struct Extremes {
  double low = INFINITY, high = -INFINITY;

  void Add(double low_value, double high_value) {
    low = std::min(low, low_value), high = std::max(high, high_value);
  }
  double Span() const { return high - low; }
};

class CurveBuilder {
 public:
  CurveBuilder(const StudyFacts& study, Against against, bool seeds)
      : interval_(study.table.interval), against_(against), seeds_(seeds) {}

  void Add(const std::string& name, const std::vector<RunCurve>& runs) {
    if (runs.empty()) return;
    const size_t style = style_++;
    const std::vector<MeanPoint> mean = MeanOf(runs, interval_);
    const bool is_named = AddMean(name, style, mean);
    for (size_t i = 0; i < runs.size(); ++i) {
      AddRun(is_named || i > 0 ? "" : name, style, runs[i], runs.size() > 1 ? &mean : nullptr);
    }
    fewest_ = std::min(fewest_, runs.size());
    most_ = std::max(most_, runs.size());
  }

  Panel Finish() {
    for (Band& band : thin_bands_) panel_.bands.push_back(std::move(band));
    return std::move(panel_);
  }

  double last_x() const { return last_x_; }
  std::string SeedsText() const {
    return fewest_ == most_ ? fmt::format("{}", most_) : fmt::format("{} to {}", fewest_, most_);
  }
  bool HasBands() const { return has_bands_; }
  bool HasThinLines() const { return has_thin_lines_; }

 private:
  bool AddMean(const std::string& name, size_t style, const std::vector<MeanPoint>& mean) {
    if (mean.empty()) return false;
    Series line = {.name = name, .style = style};
    Band band = {.style = style};
    for (const MeanPoint& point : mean) {
      const Summary& value = point.value;
      line.spots.push_back({point.x, value.mean,
                            fmt::format("{}, {}: {}", name, PlaceText(against_, point.x),
                                        EstimateText(value.mean, value.half_width))});
      if (std::isfinite(value.half_width)) {
        band.spots.push_back(
            {point.x, value.mean - value.half_width, value.mean + value.half_width});
      }
      last_x_ = std::max(last_x_, point.x);
    }
    has_bands_ |= !band.spots.empty();
    if (!band.spots.empty()) thin_bands_.push_back(std::move(band));
    panel_.series.push_back(std::move(line));
    return true;
  }

  // A run alone, where that was asked for, or behind the last step that all runs have.
  void AddRun(const std::string& name, size_t style, const RunCurve& run,
              const std::vector<MeanPoint>* mean) {
    if (mean == nullptr) return;
    Series line = {.name = name, .style = style, .stroke = Stroke::kThin};
    const int64_t last = mean->empty() ? -1 : mean->back().step;
    for (const CurvePoint& point : run.points) {
      if (!seeds_ && point.step < last) continue;
      line.spots.push_back({point.x, point.value});
      last_x_ = std::max(last_x_, point.x);
    }
    if (line.spots.size() < 2) return;
    has_thin_lines_ = true;
    panel_.series.push_back(std::move(line));
  }

  double interval_;
  Against against_;
  bool seeds_;
  Panel panel_;
  std::vector<Band> thin_bands_;
  size_t style_ = 0;
  size_t fewest_ = SIZE_MAX, most_ = 0;
  double last_x_ = 0;
  bool has_bands_ = false, has_thin_lines_ = false;
};

// What is shown of the y axis, and what a caption has to say of it; nothing: all there is.
struct ShownRange {
  std::optional<Range> range = {};
  std::string remark = {};
};

// The lines behind the start, if they reach much less far than all; and of bands no more than
// half as much again to each side, lest the interval of two seeds press the lines into one.
ShownRange RangeToShow(const Panel& panel, double last_x) {
  Extremes all, behind, bands;
  for (const Series& series : panel.series) {
    for (const Spot& spot : series.spots) {
      all.Add(spot.y, spot.y);
      if (spot.x > kStart * last_x) behind.Add(spot.y, spot.y);
    }
  }
  const bool leaves_start_out = behind.Span() > 0 && all.Span() > kFarther * behind.Span();
  for (const Band& band : panel.bands) {
    for (const BandSpot& spot : band.spots) {
      if (!leaves_start_out || spot.x > kStart * last_x) bands.Add(spot.lower, spot.upper);
    }
  }
  const Extremes& lines = leaves_start_out ? behind : all;
  const double most = kBandRoom * lines.Span();
  const double low = std::min(lines.low, std::max(bands.low, lines.low - most));
  const double high = std::max(lines.high, std::min(bands.high, lines.high + most));
  const bool cuts_bands = most > 0 && (bands.low < low || bands.high > high);
  ShownRange shown;
  if (leaves_start_out) {
    shown.remark += " The y axis leaves out what only the first tenth reaches.";
  }
  if (cuts_bands) shown.remark += " Bands reach beyond the y axis.";
  if (shown.remark.empty()) return shown;
  const double room = 0.05 * lines.Span();
  shown.range = Range{low - room, high + room};
  return shown;
}

std::string CaptionOf(const std::string& metric, const StudyFacts& study, Against against,
                      const CurveBuilder& curves) {
  std::string text =
      fmt::format("{} against {}, study {}. ", metric, AxisOf(against).label, study.name);
  text += fmt::format("Lines: means over seeds ({}).", curves.SeedsText());
  if (curves.HasBands()) {
    text += fmt::format(" Bands: {} t intervals of the means.", PercentText(study.table.interval));
  }
  if (curves.HasThinLines()) text += " Thin lines: single seeds.";
  return text;
}

// Whether the value of a complete run in tables, by its evaluation, is another than the last that
// its training recorded: validations along the way are shorter, and may leave out tokens.
bool EndsBesideTables(LedgerReader& ledger, StudyFacts study, const std::string& metric,
                      const std::map<size_t, std::vector<RunCurve>>& curves) {
  const std::vector<std::string> results = ledger.ResultNames(study);
  if (std::ranges::find(results, metric) == results.end()) return false;
  ledger.ReadValues(&study, std::span(&metric, 1));
  for (const auto& [arm, runs] : curves) {
    for (const RunFacts& run : study.arms[arm].runs) {
      const auto value = run.values.find(metric);
      const auto curve = std::ranges::find(runs, run.seed, &RunCurve::seed);
      if (value == run.values.end() || curve == runs.end()) continue;
      if (curve->points.back().value != value->second.value) return true;
    }
  }
  return false;
}

// A line that stands for many arms has no room for all their names.
std::string NameOfLine(const std::vector<std::string>& arms, bool is_only_line) {
  if (arms.size() <= 2) return fmt::format("{}", fmt::join(arms, ", "));
  if (is_only_line) return fmt::format("all {} arms", arms.size());
  return fmt::format("{} and {} more", arms.front(), arms.size() - 1);
}

StudyPlot NothingYet(const StudyFacts& study) {
  return {
      .plot = {},
      .why_not = fmt::format("no training of the study \"{}\" has recorded values yet; `upcycle "
                             "status {}` says what runs",
                             study.name, study.name)};
}

}  // namespace

StudyPlot CurvePlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request) {
  const std::set<std::string> recorded = CurveMetrics(ledger, study);
  if (recorded.empty()) return NothingYet(study);
  const std::string metric = request.metric.empty() ? UsualMetric(study, recorded) : request.metric;
  if (!recorded.contains(metric)) RefuseMetric(study, metric, recorded);
  const Against against = request.against.value_or(UsualAxis(study));
  const ChosenArms chosen = ChooseArms(ReadArmEntries(ledger, study), request.arms, kMostArms);
  CurveBuilder curves(study, against, request.seeds);
  std::map<size_t, std::vector<RunCurve>> runs;  // by arm
  for (const size_t arm : chosen.arms) {
    runs[arm] = ReadCurves(ledger, study, study.arms[arm], metric, against);
    curves.Add(study.arms[arm].name, runs[arm]);
  }
  Plot plot = {.name = fmt::format("{}: {}", study.name, metric),
               .caption = CaptionOf(metric, study, against, curves)};
  const double last_x = curves.last_x();
  Panel panel = curves.Finish();
  if (panel.series.empty() || !(last_x > 0)) {
    return {.plot = {},
            .why_not = fmt::format("the arms chosen have no {} against {}", metric,
                                   AxisOf(against).label)};
  }
  panel.x = AxisOf(against);
  panel.x.range = Range{0, kRoomBehind * last_x};
  panel.y = AxisOfMetric(metric);
  const ShownRange shown = RangeToShow(panel, last_x);
  panel.y.range = shown.range;
  plot.caption += shown.remark;
  if (EndsBesideTables(ledger, study, metric, runs)) {
    plot.caption +=
        " Values along the training are of short validations, those in tables of the evaluation "
        "at its end: lines do not end at them.";
  }
  if (!chosen.note.empty()) plot.caption += " " + chosen.note;
  plot.rows.emplace_back().push_back(std::move(panel));
  return {.plot = std::move(plot)};
}

StudyPlot SchedulePlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request) {
  constexpr const char* kRate = "train/learning_rate";
  const Against against = request.against.value_or(Against::kSteps);
  const ChosenArms chosen = ChooseArms(ReadArmEntries(ledger, study), request.arms, kMostArms);
  Panel panel = {.x = AxisOf(against), .y = {.label = "learning rate"}};
  double last_x = 0, highest = 0;
  std::vector<std::vector<std::string>> arms_of;  // each line
  for (const size_t arm : chosen.arms) {
    const auto runs = ReadCurves(ledger, study, study.arms[arm], kRate, against);
    if (runs.empty()) continue;
    const RunCurve& longest =
        *std::ranges::max_element(runs, {}, [](const RunCurve& run) { return run.points.size(); });
    Series line;
    for (const CurvePoint& point : longest.points) {
      line.spots.push_back({point.x, point.value,
                            fmt::format("{}: {:.4g}", PlaceText(against, point.x), point.value)});
      last_x = std::max(last_x, point.x), highest = std::max(highest, point.value);
    }
    const auto same = std::ranges::find_if(panel.series, [&](const Series& other) {
      return std::ranges::equal(other.spots, line.spots, {}, &Spot::x, &Spot::x) &&
             std::ranges::equal(other.spots, line.spots, {}, &Spot::y, &Spot::y);
    });
    if (same != panel.series.end()) {
      arms_of[static_cast<size_t>(same - panel.series.begin())].push_back(study.arms[arm].name);
      continue;
    }
    line.style = panel.series.size();
    panel.series.push_back(std::move(line));
    arms_of.push_back({study.arms[arm].name});
  }
  for (size_t i = 0; i < arms_of.size(); ++i) {
    panel.series[i].name = NameOfLine(arms_of[i], arms_of.size() == 1);
  }
  if (panel.series.empty() || !(last_x > 0)) return NothingYet(study);
  panel.x.range = Range{0, kRoomBehind * last_x};
  if (highest > 0) panel.y.range = Range{0, 1.05 * highest};
  Plot plot = {.name = fmt::format("{}: learning rate", study.name),
               .caption = fmt::format("Learning rate against {}, study {}, as recorded.",
                                      panel.x.label, study.name)};
  if (!chosen.note.empty()) plot.caption += " " + chosen.note;
  plot.rows.emplace_back().push_back(std::move(panel));
  return {.plot = std::move(plot)};
}

}  // namespace upcycle
