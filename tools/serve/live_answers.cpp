#include "tools/serve/live_answers.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "results/status/curves.h"
#include "results/status/study_view.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostStudies = 200;
constexpr size_t kMostCurves = 24;   // that may be asked for
constexpr size_t kUsualCurves = 12;  // where none is asked for

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

double SecondsSince1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

LiveAnswers::LiveAnswers(const fs::path& ledger, bool scheduler_at_work)
    : ledger_(ledger), snapshot_(ledger_.Snapshot()), at_work_(scheduler_at_work) {}

bool LiveAnswers::Knows(const std::string& study) {
  return std::ranges::count(ledger_.StudyNames(), study) > 0;
}

Json LiveAnswers::Studies() {
  const ViewBounds none = {.arms = 0, .runs = 0, .stages = 0, .messages = 0, .text_bytes = 300};
  const std::vector<std::string> names = ledger_.StudyNames();
  Json studies = Json::array();
  for (size_t i = 0; i < std::min(names.size(), kMostStudies); ++i) {
    const StudyView view =
        ReadStudyView(ledger_, names[i], {.study = names[i], .scheduler_at_work = at_work_}, none);
    Json json = StudyViewJson(view);
    for (const char* list : {"arms", "running", "ended_early", "waits", "messages", "left_out"}) {
      json.erase(list);
    }
    studies.push_back(std::move(json));
  }
  return {{"scheduler_at_work", at_work_},
          {"studies", std::move(studies)},
          {"left_out", names.size() - std::min(names.size(), kMostStudies)}};
}

Json LiveAnswers::Study(const std::string& study) {
  const StatusOptions options = {.study = study, .scheduler_at_work = at_work_};
  Json json = StudyViewJson(ReadStudyView(ledger_, study, options));
  json["scheduler_at_work"] = at_work_;
  return json;
}

Json LiveAnswers::Curves(const std::string& study, const std::optional<std::string>& metric,
                         const std::vector<std::string>& arms) {
  const StudyFacts facts = ledger_.ReadStudy(study);
  CurveRequest request = {.metric = metric.value_or(facts.metric), .arms = arms};
  if (arms.empty()) request.arms = ArmsThatMatter(facts, kUsualCurves);
  if (request.arms.size() > kMostCurves) request.arms.resize(kMostCurves);
  const std::vector<ArmCurve> curves = ReadCurves(ledger_, facts, request);
  return {{"study", study},
          {"metric", request.metric},
          {"curves", CurvesJson(curves)},
          {"left_out", facts.arms.size() - curves.size()}};
}

Json MachineJson(const MachineLoad& load) {
  Json gpus = Json::array();
  for (const GpuLoad& gpu : load.gpus) {
    gpus.push_back({{"gpu", gpu.number},
                    {"name", gpu.name},
                    {"busy_share", OrNull(gpu.busy_share)},
                    {"memory_bytes", gpu.memory_bytes},
                    {"used_bytes", gpu.used_bytes}});
  }
  return {{"host", load.host},
          {"time", SecondsSince1970()},
          {"cores", load.cores},
          {"busy_share", OrNull(load.busy_share)},
          {"memory_bytes", load.memory_bytes},
          {"used_bytes", load.used_bytes},
          {"gpus", std::move(gpus)}};
}

}  // namespace upcycle
