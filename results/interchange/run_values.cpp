#include "results/interchange/run_values.h"

#include <algorithm>

#include <fmt/format.h>

namespace upcycle {

RunReader::RunReader(const fs::path& ledger, std::string_view study, ValueChoice choice)
    : ledger_(ledger),
      snapshot_(ledger_.Snapshot()),
      study_(ledger_.ReadStudy(study)),
      choice_(choice) {}

StageValues RunReader::ReadStage(const StagePlace& place, int64_t stage) {
  StageValues values = {.place = place, .series = {}, .results = {}};
  for (const auto& [metric, latest] : ledger_.ReadLatest(stage)) {
    if (IsSystemMetric(metric) && !choice_.system) continue;
    values.series.push_back({metric, ledger_.ReadPoints(stage, metric)});
  }
  for (Result& result : ledger_.ReadResults(stage)) {
    if (IsSystemMetric(result.metric) && !choice_.system) continue;
    values.results.push_back(std::move(result));
  }
  for (const AttemptFacts& attempt : ledger_.ReadAttempts(stage)) {
    if (!values.started) values.started = attempt.start.time;
    values.ended = attempt.end ? attempt.end->time : std::nullopt;
  }
  return values;
}

RunValues RunReader::ReadRun(const ArmFacts& arm, const RunFacts& run) {
  RunValues values = {.arm = arm.name,
                      .seed = run.seed,
                      .state = StateOfRun(study_, run),
                      .settings = arm.settings,
                      .stages = {}};
  for (const auto& [place, stage] : run.stages) {
    values.stages.push_back(ReadStage(place, study_.stages[stage].id));
  }
  return values;
}

void RunReader::ForEachRun(const std::function<void(const RunValues&)>& visit) {
  for (const ArmFacts& arm : study_.arms) {
    for (const RunFacts& run : arm.runs) visit(ReadRun(arm, run));
  }
}

int64_t StageValues::LastStep() const {
  int64_t last = 0;
  for (const MetricSeries& one : series) {
    if (!one.points.empty()) last = std::max(last, one.points.back().step);
  }
  return last;
}

double StageValues::TimeAt(int64_t step) const {
  if (!started) return static_cast<double>(step);
  const int64_t last = LastStep();
  if (!ended || last == 0) return *started;
  const double share = static_cast<double>(step) / static_cast<double>(last);
  return *started + (*ended - *started) * share;
}

const StageValues* RunValues::StageAt(const StagePlace& place) const {
  const auto found = std::ranges::find(stages, place, &StageValues::place);
  return found == stages.end() ? nullptr : &*found;
}

std::string CurveName(const StagePlace& place, std::string_view metric) {
  if (place == StagePlace(StageRole::kTrain)) return std::string(metric);
  return fmt::format("{}/{}", NameOf(place), metric);
}

std::string ResultName(const StagePlace& place, std::string_view metric) {
  return fmt::format("result/{}/{}", NameOf(place), metric);
}

}  // namespace upcycle
