// All that a study has recorded, run by run: what every form of interchange writes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct MetricSeries {
  std::string metric;
  std::vector<MetricPoint> points;  // by rising step
};

struct StageValues {
  StagePlace place;
  std::vector<MetricSeries> series;  // in the order of the alphabet, as results are
  std::vector<Result> results;
  // Seconds since 1970, from its first attempt to the end of its last.
  std::optional<double> started = std::nullopt, ended = std::nullopt;

  int64_t LastStep() const;  // 0 without points

  // Seconds since 1970. The ledger does not have the time of a point: steps are taken as equally
  // long between the stage's begin and end. Where these are not known, the step stands for seconds.
  double TimeAt(int64_t step) const;
};

struct RunValues {
  std::string arm;
  int64_t seed = 0;
  StageState state = StageState::kPlanned;
  std::string settings;             // JSON, the arm's
  std::vector<StageValues> stages;  // by place; those that runs share are in each of them

  const StageValues* StageAt(const StagePlace& place) const;  // null: it has none
};

// Which of what was recorded is exported.
struct ValueChoice {
  bool system = false;  // what depends on clock and machine, too
};

// Reads a study as it was when the reader was made.
class RunReader {
 public:
  // Throws Error(kInput) for an unknown study, and as LedgerReader does.
  RunReader(const fs::path& ledger, std::string_view study, ValueChoice choice);

  const StudyFacts& study() const { return study_; }

  // Every run in the order of the recipe, one at a time in memory.
  void ForEachRun(const std::function<void(const RunValues&)>& visit);

 private:
  StageValues ReadStage(const StagePlace& place, int64_t stage);
  RunValues ReadRun(const ArmFacts& arm, const RunFacts& run);

  LedgerReader ledger_;
  Transaction snapshot_;
  StudyFacts study_;
  ValueChoice choice_;
};

// What a curve of a stage is called where names have no other place to say whose it is:
// "validation/loss" of the run's own training, "parent/validation/loss" of its parent's.
std::string CurveName(const StagePlace& place, std::string_view metric);

// The same of a result: "result/evaluate/validation/loss".
std::string ResultName(const StagePlace& place, std::string_view metric);

}  // namespace upcycle
