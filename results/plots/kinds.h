// One function for each kind of plot, which study_plot.h chooses from.
#pragma once

#include <string>

#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"
#include "results/plots/study_plot.h"

namespace upcycle {

StudyPlot CurvePlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request);
StudyPlot SchedulePlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request);
StudyPlot ForestPlot(const Comparison& comparison, const PlotRequest& request);
StudyPlot LoadPlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request);
StudyPlot ScalingPlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request);

// The y axis of a metric, with its unit.
Axis AxisOfMetric(const std::string& metric);

}  // namespace upcycle
