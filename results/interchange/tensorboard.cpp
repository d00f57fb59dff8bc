#include <map>

#include <nlohmann/json.hpp>

#include "results/interchange/event_file.h"
#include "results/interchange/export_folder.h"
#include "results/interchange/interchange.h"
#include "results/interchange/safe_names.h"

namespace upcycle {
namespace {

// TensorBoard takes any name with "tfevents" in it; the number would be the time it was written.
constexpr const char* kEventFile = "events.out.tfevents.0.upcycle";

// Step by step, as it was recorded.
void AddCurves(const StageValues& stage, EventFile& events) {
  std::map<int64_t, std::vector<Scalar>> steps;
  for (const MetricSeries& series : stage.series) {
    const std::string tag = CurveName(stage.place, series.metric);
    for (const MetricPoint& point : series.points) steps[point.step].push_back({tag, point.value});
  }
  for (const auto& [step, scalars] : steps) events.AddScalars(stage.TimeAt(step), step, scalars);
}

void AddResults(const StageValues& stage, int64_t step, EventFile& events) {
  std::vector<Scalar> scalars;
  for (const Result& result : stage.results) {
    scalars.push_back({ResultName(stage.place, result.metric), result.value});
  }
  if (!scalars.empty()) events.AddScalars(stage.TimeAt(stage.LastStep()), step, scalars);
}

// Indented, which Markdown shows as it is.
std::string DescriptionOf(const std::string& study, const RunValues& run) {
  const nlohmann::ordered_json words = {
      {"study", study}, {"arm", run.arm}, {"seed", run.seed}, {"state", NameOf(run.state)}};
  return "    " + words.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string EventsOf(const std::string& study, const RunValues& run) {
  const StageValues* train = run.StageAt(StageRole::kTrain);
  const double begin = train != nullptr ? train->TimeAt(0) : 0;
  EventFile events(begin);
  events.AddText(begin, "run", DescriptionOf(study, run));
  events.AddSettings(begin, run.arm, nlohmann::json::parse(run.settings));
  const int64_t end = train != nullptr ? train->LastStep() : 0;
  for (const StageValues& stage : run.stages) {
    AddCurves(stage, events);
    AddResults(stage, end, events);
  }
  return events.bytes();
}

}  // namespace

void WriteTensorBoard(const fs::path& ledger, const std::string& study, ValueChoice choice,
                      const fs::path& target) {
  std::vector<std::string> arms;
  RunReader runs(ledger, study, choice);
  for (const ArmFacts& arm : runs.study().arms) arms.push_back(arm.name);
  const std::vector<std::string> safe = SafeNames(arms, SafeNameKind::kFolder);
  std::map<std::string, std::string> folder_of;
  for (size_t i = 0; i < arms.size(); ++i) folder_of[arms[i]] = safe[i];
  ExportFolder folder(target, "tensorboard", study);
  runs.ForEachRun([&](const RunValues& run) {
    const fs::path place = fs::path(folder_of.at(run.arm)) / std::to_string(run.seed);
    folder.Write(place / kEventFile, EventsOf(study, run));
    folder.NameRun(run, place);
  });
  folder.Commit();
}

}  // namespace upcycle
