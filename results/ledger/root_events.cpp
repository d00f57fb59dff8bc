#include "results/ledger/root_events.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/ledger/study_json.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

template <typename T>
std::optional<T> Optional(const Json& event, const char* key) {
  const auto found = event.find(key);
  if (found == event.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

HoldScope ScopeFrom(const Json& event) {
  return {.study = event.at("study"),
          .arm = event.value("arm", ""),
          .seed = Optional<int64_t>(event, "seed")};
}

Json JsonOf(const HoldScope& scope) {
  Json json = {{"study", scope.study}};
  if (!scope.arm.empty()) json["arm"] = scope.arm;
  if (scope.seed) json["seed"] = *scope.seed;
  return json;
}

HoldKind KindFrom(const Json& event) {
  const auto name = event.at("kind").get<std::string>();
  if (const auto kind = ValueNamed<HoldKind>(name)) return *kind;
  throw Error(Cause::kBug, fmt::format("\"{}\" is not a kind of hold", name));
}

RootEvent Parse(const Json& event) {
  const auto kind = event.at("event").get<std::string>();
  if (kind == "study_recorded") return StudyRecorded{StudyFromJson(event.at("study"))};
  if (kind == "launch_started") {
    return LaunchStart{.launch = event.at("launch"),
                       .study = event.at("study"),
                       .host = event.value("host", ""),
                       .pid = event.value("pid", int64_t{0}),
                       .command_line = event.value("command_line", ""),
                       .provenance = event.value("provenance", Json::object()).dump(),
                       .time = Optional<double>(event, "time")};
  }
  if (kind == "launch_ended") {
    return LaunchEnd{.launch = event.at("launch"),
                     .outcome = event.value("outcome", Json::object()).dump(),
                     .time = Optional<double>(event, "time")};
  }
  if (kind == "hold_set") {
    return HoldSet{.scope = ScopeFrom(event),
                   .kind = KindFrom(event),
                   .by = event.value("by", ""),
                   .time = Optional<double>(event, "time")};
  }
  if (kind == "hold_lifted") return HoldLifted{ScopeFrom(event)};
  return OtherEvent{};
}

}  // namespace

RootEvent ParseRootEvent(std::string_view json) {
  try {
    return Parse(Json::parse(json));
  } catch (const Json::exception& error) {
    throw Error(Cause::kBug,
                fmt::format("the root's journal has the event {}, which cannot be understood: {}",
                            json.substr(0, 200), error.what()));
  }
}

Json EventOf(const StudyRecorded& event) {
  return {{"event", "study_recorded"}, {"study", JsonOf(event.study)}};
}

Json EventOf(const LaunchStart& event) {
  Json json = {{"event", "launch_started"},
               {"launch", event.launch},
               {"study", event.study},
               {"host", event.host},
               {"pid", event.pid},
               {"command_line", event.command_line},
               {"provenance", Json::parse(event.provenance)}};
  if (event.time) json["time"] = *event.time;
  return json;
}

Json EventOf(const LaunchEnd& event) {
  Json json = {
      {"event", "launch_ended"}, {"launch", event.launch}, {"outcome", Json::parse(event.outcome)}};
  if (event.time) json["time"] = *event.time;
  return json;
}

Json EventOf(const HoldSet& event) {
  Json json = JsonOf(event.scope);
  json["event"] = "hold_set";
  json["kind"] = NameOf(event.kind);
  json["by"] = event.by;
  if (event.time) json["time"] = *event.time;
  return json;
}

Json EventOf(const HoldLifted& event) {
  Json json = JsonOf(event.scope);
  json["event"] = "hold_lifted";
  return json;
}

}  // namespace upcycle
