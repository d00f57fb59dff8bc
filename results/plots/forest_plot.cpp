// Differences to the baseline with their intervals, and what they allow to say.

#include <cmath>

#include <fmt/format.h>

#include "results/comparison/compare_study.h"
#include "results/plots/chosen_arms.h"
#include "results/plots/kinds.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr size_t kMostArms = 100;

// Better and worse differ in shape, colour and luminance; what is not decided is hollow.
Mark MarkOf(const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kBetter:
      return {.style = 1};
    case Verdict::kWorse:
      return {.style = 2};
    case Verdict::kEquivalent:
      return {.style = 0};
    default:
      return {.style = 0, .hollow = true};
  }
}

std::string DifferenceText(const Judgement& judgement) {
  const Summary& difference = judgement.pairs.difference;
  return EstimateText(difference.mean, difference.half_width, {.plus = true});
}

// Where pairs are missing and were not to be left out, nothing is shown but the word.
void AddRow(const ArmComparison& arm, bool wide, Panel* panel) {
  const Judgement& judgement = *arm.judgement;
  const auto row = static_cast<double>(panel->y.categories.size());
  panel->y.categories.push_back(arm.name);
  const std::string verdict(NameOf(judgement.verdict));
  const bool is_shown =
      judgement.verdict != Verdict::kIncomplete && std::isfinite(judgement.pairs.difference.mean);
  panel->remarks.push_back(wide && is_shown ? verdict + ", " + DifferenceText(judgement) : verdict);
  if (!is_shown) return;
  Mark mark = MarkOf(judgement);
  mark.along_x = true;
  mark.half_width = judgement.pairs.difference.half_width;
  mark.spot = {judgement.pairs.difference.mean, row,
               fmt::format("{}: {}, {}{}", arm.name, DifferenceText(judgement), verdict,
                           std::isfinite(judgement.adjusted_p)
                               ? ", adjusted p " + ProbabilityText(judgement.adjusted_p)
                               : "")};
  panel->marks.push_back(std::move(mark));
}

// The primary metric's means come first among the summaries.
ArmEntries EntriesOf(const Comparison& comparison) {
  ArmEntries entries = {.study = comparison.study,
                        .baseline = comparison.baseline,
                        .metric = comparison.metrics.front(),
                        .preference = comparison.preference};
  for (const ArmComparison& arm : comparison.arms) {
    entries.arms.push_back({arm.name, arm.summaries.front().mean});
  }
  return entries;
}

StudyPlot Refuse(std::string why) { return {.plot = {}, .why_not = std::move(why)}; }

std::string CaptionOf(const Comparison& comparison, const std::string& better) {
  const bool is_sequential = comparison.table.IsSequential();
  return fmt::format(
      "Differences of {} to {}, study {}; {} is better. Marks: means of paired differences; lines: "
      "{} {}; verdicts{} at level {:.4g}, adjusted by Holm's correction. Square: better; triangle: "
      "worse; full circle: equivalent; hollow: not decided.",
      comparison.metrics.front(), comparison.baseline, comparison.study, better,
      PercentText(comparison.table.interval),
      is_sequential ? "repeated intervals of a sequential test, which hold however often was "
                      "looked, not adjusted for the number of arms"
                    : "t intervals, not adjusted",
      is_sequential ? " of sequential tests" : "", comparison.table.Level());
}

}  // namespace

StudyPlot ForestPlot(const Comparison& comparison, const PlotRequest& request) {
  const std::string& metric = comparison.metrics.front();
  if (!request.metric.empty() && request.metric != metric) {
    return Refuse(
        fmt::format("the study \"{}\" judges differences of {} only: leave out --metric, "
                    "or set `metric` in its recipe to {} and run it again",
                    comparison.study, metric, request.metric));
  }
  if (comparison.baseline.empty()) {
    return Refuse(
        fmt::format("the study \"{}\" has no baseline: name one in its recipe as "
                    "`baseline`",
                    comparison.study));
  }
  const ChosenArms chosen = ChooseArms(EntriesOf(comparison), request.arms, kMostArms);
  const std::string better = comparison.preference == Preference::kLower ? "lower" : "higher";
  Panel panel = {.x = AxisOfMetric(metric), .rules = {{.at = 0, .vertical = true}}};
  panel.x.label = fmt::format("difference of {}, {} is better", metric, better);
  for (const size_t i : chosen.arms) {
    if (comparison.arms[i].judgement) AddRow(comparison.arms[i], request.wide, &panel);
  }
  if (panel.marks.empty()) {
    return Refuse(
        fmt::format("no arm of the study \"{0}\" can be compared with {1} yet; `upcycle "
                    "compare {0}` says why",
                    comparison.study, comparison.baseline));
  }
  Plot plot = {.name = fmt::format("{}: differences of {}", comparison.study, metric),
               .caption = CaptionOf(comparison, better)};
  if (!chosen.note.empty()) plot.caption += " " + chosen.note;
  plot.rows.emplace_back().push_back(std::move(panel));
  return {.plot = std::move(plot)};
}

}  // namespace upcycle
