// A plot of a study, made from the ledger: the same results give the same plot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "results/ledger/ledger_reader.h"
#include "results/plots/plot.h"
#include "results/plots/plot_request.h"

namespace upcycle {

// A plot, or why the study's data do not allow it and what to do.
struct StudyPlot {
  std::optional<Plot> plot = {};
  std::string why_not = {};
};

// Throws Error(kInput) for a study or an arm that is not there, and for a metric that the study
// asked for did not record. Times, which depend on the machine, appear only against `time`.
StudyPlot PlotStudy(LedgerReader& ledger, std::string_view study, const PlotRequest& request);

}  // namespace upcycle
