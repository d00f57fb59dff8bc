// How a status is shown: as lines for a person, as JSON for a script.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/status/status.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostLines = 20;  // of each kind; the JSON has them all

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(seconds, 0.0)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

// "12 of 18 runs complete (8 kept from before), 2 running, 1 failed"
std::string CountsText(const StateCounts& counts, int64_t kept) {
  int64_t all = 0;
  for (const int64_t count : counts) all += count;
  const int64_t complete = counts[static_cast<size_t>(StageState::kComplete)];
  std::string text = fmt::format("{} of {} runs complete", complete, all);
  if (kept > 0) text += fmt::format(" ({} kept from before)", kept);
  for (const auto& state : EnumNames<StageState>::values) {
    const int64_t count = counts[static_cast<size_t>(state.value)];
    if (state.value == StageState::kComplete || count == 0) continue;
    text += fmt::format(", {} {}", count, state.name);
  }
  return text;
}

std::string NameOfStage(const StageStatus& status) {
  return fmt::format("{} ({})", status.stage.kind, status.user);
}

std::string RunningLine(const StageStatus& status) {
  std::string line = fmt::format("  running   {}", NameOfStage(status));
  if (status.stage.steps > 0) {
    line += fmt::format(": step {} of {}", status.stage.step, status.stage.steps);
  }
  if (status.loss) line += fmt::format(", loss {:.4f}", *status.loss);
  if (status.tokens_per_second) {
    line += fmt::format(", {} tokens/s", CountText(*status.tokens_per_second));
  }
  if (status.seconds_left) line += fmt::format(", {} left", DurationText(*status.seconds_left));
  return line + "\n";
}

// Of stages that have not begun, which are `word`. Those with the same reason share a line.
std::string UnbegunLines(std::string_view word, const std::vector<StageStatus>& stages) {
  std::map<std::pair<std::string, std::string>, std::vector<const StageStatus*>> groups;
  for (const StageStatus& status : stages) {
    groups[{status.stage.kind, status.stage.reason}].push_back(&status);
  }
  std::string lines;
  size_t shown = 0;
  for (const auto& [key, group] : groups) {
    if (shown++ == kMostLines) break;
    const std::string name = group.size() == 1 ? NameOfStage(*group.front())
                                               : fmt::format("{} × {}", group.size(), key.first);
    lines += fmt::format("  {:<9} {}: {}\n", word, name,
                         key.second.empty() ? "no reason was recorded" : key.second);
  }
  if (groups.size() > kMostLines) {
    lines += fmt::format("  {:<9} for {} more reasons\n", word, groups.size() - kMostLines);
  }
  return lines;
}

std::string EndedLine(const StageStatus& status) {
  std::string line = fmt::format("  {:<9} {}", NameOf(status.stage.state), NameOfStage(status));
  const AttemptFacts* last = status.attempts.empty() ? nullptr : &status.attempts.back();
  if (last != nullptr) line += fmt::format(", attempt {}", last->number);
  if (last != nullptr && last->end && !last->end->cause.empty()) {
    line += fmt::format(", {}", last->end->cause);
  }
  if (!status.stage.reason.empty()) line += fmt::format(": {}", status.stage.reason);
  return line + "\n";
}

std::string EndedLines(const std::vector<StageStatus>& ended) {
  std::string lines;
  const size_t shown = std::min(ended.size(), kMostLines);
  for (size_t i = 0; i < shown; ++i) lines += EndedLine(ended[i]);
  if (shown < ended.size()) lines += fmt::format("  and {} more\n", ended.size() - shown);
  return lines;
}

std::string HoldLine(const HoldSet& hold) {
  std::string what = hold.scope.arm.empty() ? "the whole study" : "arm " + hold.scope.arm;
  if (hold.scope.seed) what += fmt::format(", seed {}", *hold.scope.seed);
  return fmt::format("  {:<9} {}{}; `upcycle resume` lets it go on\n", NameOf(hold.kind), what,
                     hold.by.empty() ? "" : ", by " + hold.by);
}

Json AttemptJson(const AttemptFacts& attempt) {
  Json json = {{"number", attempt.number},
               {"host", attempt.start.host},
               {"pid", attempt.start.pid},
               {"device", attempt.start.device},
               {"launch", OrNull(attempt.start.launch)},
               {"provenance", Json::parse(attempt.start.provenance)},
               {"started", OrNull(attempt.start.time)}};
  if (!attempt.end) return json;
  json["outcome"] = NameOf(attempt.end->outcome);
  json["cause"] = attempt.end->cause;
  json["exit_code"] = OrNull(attempt.end->exit_code);
  json["signal"] = OrNull(attempt.end->signal);
  json["message"] = attempt.end->message;
  json["peak_memory_bytes"] = OrNull(attempt.end->peak_memory_bytes);
  json["wall_seconds"] = OrNull(attempt.end->wall_seconds);
  json["cpu_seconds"] = OrNull(attempt.end->cpu_seconds);
  json["ended"] = OrNull(attempt.end->time);
  return json;
}

Json StagesJson(const std::vector<StageStatus>& stages) {
  Json json = Json::array();
  for (const StageStatus& status : stages) json.push_back(StageStatusJson(status));
  return json;
}

}  // namespace

nlohmann::json StateCountsJson(const StateCounts& counts) {
  Json json = Json::object();
  for (const auto& state : EnumNames<StageState>::values) {
    json[std::string(state.name)] = counts[static_cast<size_t>(state.value)];
  }
  return json;
}

nlohmann::json StageStatusJson(const StageStatus& status) {
  Json attempts = Json::array();
  for (const AttemptFacts& attempt : status.attempts) attempts.push_back(AttemptJson(attempt));
  return {{"stage", status.stage.fingerprint.Hex()},
          {"kind", status.stage.kind},
          {"serves", status.user},
          {"runs", status.runs},
          {"state", NameOf(status.stage.state)},
          {"reason", status.stage.reason},
          {"step", status.stage.step},
          {"steps", status.stage.steps},
          {"loss", OrNull(status.loss)},
          {"tokens_per_second", OrNull(status.tokens_per_second)},
          {"seconds_left", OrNull(status.seconds_left)},
          {"attempts", std::move(attempts)}};
}

nlohmann::json HoldsJson(const std::vector<HoldSet>& holds) {
  Json json = Json::array();
  for (const HoldSet& hold : holds) {
    Json entry = EventOf(hold);
    entry.erase("event");
    json.push_back(std::move(entry));
  }
  return json;
}

nlohmann::json StatusJson(const std::vector<StudyStatus>& studies) {
  Json json = Json::array();
  for (const StudyStatus& study : studies) {
    json.push_back({{"study", study.name},
                    {"runs", StateCountsJson(study.runs)},
                    {"kept", study.kept},
                    {"holds", HoldsJson(study.holds)},
                    {"stages", StateCountsJson(study.stages)},
                    {"running", StagesJson(study.running)},
                    {"waiting", StagesJson(study.waiting)},
                    {"held_back", StagesJson(study.held_back)},
                    {"ended_early", StagesJson(study.ended_early)}});
  }
  return json;
}

std::string StatusText(const std::vector<StudyStatus>& studies) {
  if (studies.empty()) return "no studies yet\n";
  std::string text;
  for (const StudyStatus& study : studies) {
    text += fmt::format("{}: {}\n", study.name, CountsText(study.runs, study.kept));
    const size_t shown = std::min(study.running.size(), kMostLines);
    for (size_t i = 0; i < shown; ++i) text += RunningLine(study.running[i]);
    if (shown < study.running.size()) {
      text += fmt::format("  running   and {} more\n", study.running.size() - shown);
    }
    text += UnbegunLines("waiting", study.waiting);
    text += UnbegunLines("planned", study.held_back);
    text += EndedLines(study.ended_early);
    for (const HoldSet& hold : study.holds) text += HoldLine(hold);
  }
  return text;
}

}  // namespace upcycle
