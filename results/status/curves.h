// How a metric went in the trainings of a study, arm by arm, over all seeds: thin enough to be
// drawn, however long the series are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

inline constexpr const char* kTrainLoss = "train/loss";

struct CurveRequest {
  std::string metric;
  std::vector<std::string> arms;  // in the order in which their curves come; unknown ones have none
  int64_t points = 160;           // of a curve, at most one more
  size_t seeds = 8;               // of an arm, the first of those that have values
};

// Of the seeds that have a value in the same part of the steps: their mean, lowest and highest.
struct CurvePoint {
  int64_t step = 0;  // the largest of theirs
  double mean = 0, low = 0, high = 0;
  int64_t seeds = 0;
};

struct ArmCurve {
  std::string arm;
  int64_t steps = 0;  // of a whole training
  std::vector<CurvePoint> points;
};

// Costs about 2 µs for each point of each seed. Arms without a value have an empty curve.
std::vector<ArmCurve> ReadCurves(LedgerReader& ledger, const StudyFacts& study,
                                 const CurveRequest& request);

// As tools/serve/README.md has it; six significant digits.
nlohmann::json CurvesJson(const std::vector<ArmCurve>& curves);

}  // namespace upcycle
