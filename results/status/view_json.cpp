// The view models as JSON, for a page in a browser and for scripts.
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/status/curves.h"
#include "results/status/study_view.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// With six significant digits, which no eye tells from more.
Json Rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::stod(fmt::format("{:.6g}", value));
}

Json ArmJson(const ArmView& arm) {
  Json seeds = Json::array();
  for (const RunView& run : arm.runs) {
    seeds.push_back(
        {{"seed", run.seed}, {"state", NameOf(run.state)}, {"share", Rounded(run.share)}});
  }
  return {{"arm", arm.name},
          {"baseline", arm.is_baseline},
          {"runs", StateCountsJson(arm.counts)},
          {"seeds", std::move(seeds)},
          {"value", arm.value ? Rounded(*arm.value) : Json(nullptr)},
          {"valued", arm.valued}};
}

// Where and with what it was done fills pages and is in the ledger.
Json StagesJson(const std::vector<StageStatus>& stages) {
  Json json = Json::array();
  for (const StageStatus& stage : stages) {
    json.push_back(StageStatusJson(stage));
    for (Json& attempt : json.back()["attempts"]) attempt.erase("provenance");
  }
  return json;
}

Json WaitsJson(const std::vector<WaitView>& waits) {
  Json json = Json::array();
  for (const WaitView& wait : waits) {
    json.push_back({{"state", NameOf(wait.state)},
                    {"kind", wait.kind},
                    {"serves", wait.serves},
                    {"reason", wait.reason},
                    {"stages", wait.stages}});
  }
  return json;
}

Json MessagesJson(const std::vector<Message>& messages) {
  Json json = Json::array();
  for (const Message& message : messages) {
    json.push_back({{"time", OrNull(message.time)},
                    {"kind", message.kind},
                    {"about", message.about},
                    {"text", message.text}});
  }
  return json;
}

Json LaunchJson(const LaunchFacts& launch) {
  return {{"launch", launch.start.launch},
          {"host", launch.start.host},
          {"started", OrNull(launch.start.time)},
          {"ended", launch.end ? OrNull(launch.end->time) : Json(nullptr)}};
}

}  // namespace

nlohmann::json StudyViewJson(const StudyView& view) {
  Json arms = Json::array();
  for (const ArmView& arm : view.arms) arms.push_back(ArmJson(arm));
  return {{"study", view.name},
          {"description", view.description},
          {"metric", view.metric},
          {"goal", NameOf(view.preference)},
          {"baseline", view.baseline},
          {"runs", StateCountsJson(view.runs)},
          {"stages", StateCountsJson(view.stages)},
          {"kept", view.kept},
          {"holds", HoldsJson(view.holds)},
          {"share", Rounded(view.share)},
          {"seconds_left", view.seconds_left ? Rounded(*view.seconds_left) : Json(nullptr)},
          {"launch", view.launch ? LaunchJson(*view.launch) : Json(nullptr)},
          {"arms", std::move(arms)},
          {"running", StagesJson(view.running)},
          {"ended_early", StagesJson(view.ended_early)},
          {"waits", WaitsJson(view.waits)},
          {"messages", MessagesJson(view.messages)},
          {"left_out",
           {{"arms", view.arms_left_out},
            {"running", view.running_left_out},
            {"ended_early", view.ended_left_out},
            {"waits", view.waits_left_out}}}};
}

nlohmann::json CurvesJson(const std::vector<ArmCurve>& curves) {
  Json json = Json::array();
  for (const ArmCurve& curve : curves) {
    Json points = Json::array();
    for (const CurvePoint& point : curve.points) {
      points.push_back(
          {point.step, Rounded(point.mean), Rounded(point.low), Rounded(point.high), point.seeds});
    }
    json.push_back({{"arm", curve.arm}, {"steps", curve.steps}, {"points", std::move(points)}});
  }
  return json;
}

}  // namespace upcycle
