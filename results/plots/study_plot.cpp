#include "results/plots/study_plot.h"

#include <fmt/format.h>

#include "results/compare_study.h"
#include "results/plots/kinds.h"

namespace upcycle {

StudyPlot PlotStudy(LedgerReader& ledger, std::string_view name, const PlotRequest& request) {
  if (request.kind == PlotKind::kForest) {
    return ForestPlot(CompareStudy(ledger, name, {request.allow_incomplete}), request);
  }
  const Transaction snapshot = ledger.Snapshot();
  const StudyFacts study = ledger.ReadStudy(name);
  switch (request.kind) {
    case PlotKind::kCurves:
      return CurvePlot(ledger, study, request);
    case PlotKind::kForest:
      break;
    case PlotKind::kLoad:
      return LoadPlot(ledger, study, request);
    case PlotKind::kScaling:
      return ScalingPlot(ledger, study, request);
    case PlotKind::kSchedule:
      return SchedulePlot(ledger, study, request);
  }
  return {};
}

Axis AxisOfMetric(const std::string& metric) {
  const auto ends = [&](std::string_view end) { return metric.ends_with(end); };
  Axis axis = {.label = metric};
  if (ends("/loss") || ends("/parent_loss")) axis.unit = "nats";
  if (ends("/bits_per_byte")) axis.unit = "bits";
  if (ends("/tokens_per_second")) axis.unit = "tokens/s";
  if (metric.starts_with("system/memory/")) axis.unit = "B";
  return axis;
}

std::string PercentText(double share) { return fmt::format("{:.4g} %", 100 * share); }

}  // namespace upcycle
