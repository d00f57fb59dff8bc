#include <fmt/format.h>

#include "results/interchange/interchange.h"
#include "results/tables/csv.h"

namespace upcycle {
namespace {

// The columns that all rows of a stage begin with.
std::vector<std::string> Beginning(const std::string& study, const RunValues& run,
                                   const StageValues& stage) {
  return {study, run.arm, std::to_string(run.seed), NameOf(stage.place)};
}

std::string Row(std::vector<std::string> fields, const std::vector<std::string>& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return CsvLine(fields);
}

std::string StageRows(const std::string& study, const RunValues& run, const StageValues& stage) {
  const std::vector<std::string> beginning = Beginning(study, run, stage);
  std::string rows;
  for (const MetricSeries& series : stage.series) {
    for (const MetricPoint& point : series.points) {
      rows += Row(beginning, {series.metric, std::to_string(point.step),
                              fmt::format("{}", point.value), "", ""});
    }
  }
  for (const Result& result : stage.results) {
    const auto& error = result.standard_error;
    const auto& count = result.count;
    rows += Row(beginning,
                {result.metric, "", fmt::format("{}", result.value),
                 error ? fmt::format("{}", *error) : "", count ? std::to_string(*count) : ""});
  }
  return rows;
}

}  // namespace

std::string PointsCsv(const fs::path& ledger, const std::string& study, ValueChoice choice) {
  std::string text = CsvLine(
      {"study", "arm", "seed", "role", "metric", "step", "value", "standard_error", "count"});
  RunReader(ledger, study, choice).ForEachRun([&](const RunValues& run) {
    for (const StageValues& stage : run.stages) text += StageRows(study, run, stage);
  });
  return text;
}

}  // namespace upcycle
