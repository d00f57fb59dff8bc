// A metric along the training of a study's runs, and its mean over seeds.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "results/ledger/ledger_reader.h"
#include "results/plots/plot_request.h"
#include "results/statistics/summary.h"

namespace upcycle {

struct CurvePoint {
  int64_t step = 0;
  double x = 0;
  double value = 0;
};

struct RunCurve {
  int64_t seed = 0;
  std::vector<CurvePoint> points;  // by rising step, all finite
};

// Reads the runs of an arm that have recorded the metric in their training.
std::vector<RunCurve> ReadCurves(LedgerReader& ledger, const StudyFacts& study, const ArmFacts& arm,
                                 const std::string& metric, Against against);

// The metrics that the trainings of a study have recorded along the way.
std::set<std::string> CurveMetrics(LedgerReader& ledger, const StudyFacts& study);

struct MeanPoint {
  int64_t step = 0;
  double x = 0;  // the mean over seeds; they differ in time alone
  Summary value;
};

// At each step that all runs have recorded: a mean over fewer seeds would jump where one ends.
std::vector<MeanPoint> MeanOf(const std::vector<RunCurve>& runs, double interval);

}  // namespace upcycle
