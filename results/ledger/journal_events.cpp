#include "results/ledger/journal_events.h"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

double Number(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

template <typename T>
std::optional<T> Optional(const Json& event, const char* key) {
  const auto found = event.find(key);
  if (found == event.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

AttemptEnd ParseEnd(const Json& event) {
  AttemptEnd end = {.outcome = StageStateFromName(event.at("outcome").get<std::string>()),
                    .cause = event.value("cause", ""),
                    .message = event.value("message", ""),
                    .exit_code = Optional<int>(event, "exit_code"),
                    .signal = Optional<int>(event, "signal"),
                    .peak_memory_bytes = Optional<int64_t>(event, "peak_memory_bytes"),
                    .wall_seconds = Optional<double>(event, "wall_seconds"),
                    .cpu_seconds = Optional<double>(event, "cpu_seconds"),
                    .time = Optional<double>(event, "time")};
  UPCYCLE_CHECK(IsOutcome(end.outcome));
  return end;
}

Item ParseItem(const Json& event) {
  Item item = {.task = event.at("task").get<std::string>(),
               .number = event.at("number").get<int64_t>(),
               .record = event.at("record").get<std::string>(),
               .answer = event.at("answer").get<int64_t>(),
               .correct = event.at("correct").get<bool>(),
               .correct_normalised = Optional<bool>(event, "correct_normalised")};
  for (const Json& value : event.at("log_likelihoods")) {
    item.log_likelihoods.push_back(Number(value));
  }
  return item;
}

template <typename T>
void AddIfKnown(Json& event, const char* key, const std::optional<T>& value) {
  if (value) event[key] = *value;
}

StageEvent Parse(const Json& event) {
  const auto kind = event.at("event").get<std::string>();
  if (kind == "attempt_started") {
    return AttemptStart{.host = event.value("host", ""),
                        .pid = event.value("pid", int64_t{0}),
                        .device = event.value("device", ""),
                        .time = Optional<double>(event, "time"),
                        .launch = Optional<int64_t>(event, "launch"),
                        .provenance = event.value("provenance", Json::object()).dump()};
  }
  if (kind == "attempt_ended") return ParseEnd(event);
  if (kind == "attempt_judged") {
    return AttemptJudgement{.begun = event.at("begun").get<bool>(), .end = ParseEnd(event)};
  }
  if (kind == "result") {
    return Result{.metric = event.at("metric").get<std::string>(),
                  .value = Number(event.at("value")),
                  .standard_error = Optional<double>(event, "stderr"),
                  .count = Optional<int64_t>(event, "count")};
  }
  if (kind == "item") return ParseItem(event);
  if (kind == "progress") {
    return Progress{.step = event.at("step").get<int64_t>(),
                    .steps = event.at("steps").get<int64_t>()};
  }
  return OtherEvent{};
}

}  // namespace

StageEvent ParseStageEvent(std::string_view json) {
  try {
    return Parse(Json::parse(json));
  } catch (const Json::exception& error) {
    throw Error(Cause::kBug,
                fmt::format("a journal has the event {}, which cannot be understood: {}", json,
                            error.what()));
  }
}

Json EventOf(const AttemptStart& start) {
  Json event = {{"event", "attempt_started"},
                {"host", start.host},
                {"pid", start.pid},
                {"device", start.device},
                {"provenance", Json::parse(start.provenance)}};
  AddIfKnown(event, "time", start.time);
  AddIfKnown(event, "launch", start.launch);
  return event;
}

Json EventOf(const AttemptEnd& end) {
  Json event = {{"event", "attempt_ended"}, {"outcome", NameOf(end.outcome)}};
  if (!end.cause.empty()) event["cause"] = end.cause;
  if (!end.message.empty()) event["message"] = end.message;
  AddIfKnown(event, "exit_code", end.exit_code);
  AddIfKnown(event, "signal", end.signal);
  AddIfKnown(event, "peak_memory_bytes", end.peak_memory_bytes);
  AddIfKnown(event, "wall_seconds", end.wall_seconds);
  AddIfKnown(event, "cpu_seconds", end.cpu_seconds);
  AddIfKnown(event, "time", end.time);
  return event;
}

Json EventOf(const AttemptJudgement& judgement) {
  Json event = EventOf(judgement.end);
  event["event"] = "attempt_judged";
  event["begun"] = judgement.begun;
  return event;
}

}  // namespace upcycle
