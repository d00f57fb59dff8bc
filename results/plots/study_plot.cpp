#include "results/plots/study_plot.h"

#include "results/comparison/compare_study.h"
#include "results/comparison/metric_unit.h"
#include "results/plots/kinds.h"

namespace upcycle {

StudyPlot PlotStudy(LedgerReader& ledger, std::string_view name, const PlotRequest& request) {
  const Transaction snapshot = ledger.Snapshot();
  if (request.kind == PlotKind::kForest) {
    return ForestPlot(CompareStudy(ledger, name, {request.allow_incomplete}), request);
  }
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
  return {.label = metric, .unit = UnitOfMetric(metric)};
}

}  // namespace upcycle
