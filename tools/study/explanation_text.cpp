#include "tools/study/explanation_text.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plural.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr size_t kMostRuns = 6;      // that are named for an explanation they share
constexpr size_t kMostChanges = 12;  // of one stage's settings

std::string JoinedPlaces(const std::vector<StagePlace>& places) {
  std::string text;
  for (const StagePlace& place : places) {
    text += (text.empty() ? "" : ", ") + NameOf(place);
  }
  return text;
}

// What becomes of it, in two words.
std::string Verdict(const RunExplanation& run, const StageExplanation& stage) {
  if (!stage.plan.needed) return "skipped";
  if (stage.is_running) return "runs now";
  if (run.hold) return std::string(NameOf(run.hold->kind));
  return stage.waits_for.empty() ? "will run" : "waits";
}

// Why, in a clause.
std::string Why(const StageExplanation& stage) {
  if (!stage.plan.needed) {
    if (stage.facts.state != StageState::kComplete) return stage.plan.why;
    return stage.runs > 1 ? fmt::format("complete already, for {} runs", stage.runs)
                          : "complete already";
  }
  std::string why;
  if (!stage.is_running) why = stage.plan.why;
  if (!stage.waits_for.empty()) {
    why += fmt::format("{}for {}", why.empty() ? "" : "; ", JoinedPlaces(stage.waits_for));
  }
  if (!stage.facts.reason.empty()) {
    const bool waits = stage.facts.state == StageState::kWaiting;  // "waiting for its start"
    why += fmt::format("{}{}{} {}", why.empty() ? "" : "; ", NameOf(stage.facts.state),
                       waits ? "" : ":", stage.facts.reason);
  }
  return why;
}

// "its own settings: train.tokens was 1, is 2", "its parent: train.tokens was 1, is 2".
// Without what is `told` already, to which all are added.
std::vector<std::string> DifferenceLines(const StageExplanation& stage,
                                         std::set<StagePlace>& told) {
  std::vector<std::string> lines;
  for (const StageDifference& difference : stage.differences) {
    if (!told.insert(difference.place).second) continue;
    const bool own = difference.place == stage.place;
    const std::string whose =
        own ? "its own settings" : fmt::format("its {}", NameOf(difference.place));
    if (difference.of_content) {
      lines.push_back(fmt::format(
          "{}: the content of {} is another", whose,
          difference.place.role == StageRole::kTokens ? "the data" : "the files that it reads"));
    }
    if (difference.of_program) {
      lines.push_back(fmt::format(
          "{}: nothing in them differs; this program computes it otherwise than the one before",
          whose));
    }
    const size_t shown = std::min(difference.settings.size(), kMostChanges);
    for (size_t i = 0; i < shown; ++i) {
      lines.push_back(fmt::format("{}: {}", whose, TextOf(difference.settings[i])));
    }
    if (shown < difference.settings.size()) {
      lines.push_back(fmt::format("{}: and {} more", whose, difference.settings.size() - shown));
    }
  }
  return lines;
}

std::string AttemptText(const AttemptFacts& attempt) {
  std::string text = fmt::format("attempt {}", attempt.number);
  if (!attempt.start.host.empty()) text += " on " + attempt.start.host;
  if (!attempt.end) return text + fmt::format(": process {}, has not ended", attempt.start.pid);
  text += fmt::format(": {}", NameOf(attempt.end->outcome));
  if (attempt.end->wall_seconds) text += " after " + ClockText(*attempt.end->wall_seconds);
  if (!attempt.end->cause.empty()) text += ", " + attempt.end->cause;
  if (!attempt.end->message.empty()) text += ": " + attempt.end->message;
  return text;
}

void AddLine(std::string& text, size_t indent, const std::string& line) {
  text += std::string(indent, ' ') + Printable(line) + "\n";
}

void AddEarlier(std::string& text, const StageExplanation& stage, bool all,
                std::set<StagePlace>& told) {
  if (!stage.earlier) return;
  const EarlierStage& earlier = *stage.earlier;
  const std::vector<std::string> lines = DifferenceLines(stage, told);
  if (lines.empty()) return;
  AddLine(text, 6,
          all ? fmt::format("one like it is {}: {}, of {} {}/{}; since then", NameOf(earlier.state),
                            earlier.stage.Short(), earlier.study, earlier.arm, earlier.seed)
              : fmt::format("one like it is {}; since then", NameOf(earlier.state)));
  for (const std::string& line : lines) AddLine(text, 8, line);
}

void AddStage(std::string& text, const RunExplanation& run, const StageExplanation& stage, bool all,
              std::set<StagePlace>& told) {
  AddLine(text, 2,
          fmt::format("{:<15} {:<9} {}", NameOf(stage.place), Verdict(run, stage), Why(stage)));
  if (all) {
    AddLine(text, 6,
            fmt::format(
                "{}{}", stage.stage.Hex(),
                stage.inputs.empty() ? "" : fmt::format(", reads {}", JoinedPlaces(stage.inputs))));
    for (const AttemptFacts& attempt : stage.attempts) AddLine(text, 6, AttemptText(attempt));
  }
  if (all) told.clear();
  AddEarlier(text, stage, all, told);
}

std::string HoldText(const HoldSet& hold) {
  const char* what = hold.scope.seed          ? "this run"
                     : hold.scope.arm.empty() ? "the whole study"
                                              : "the whole arm";
  return fmt::format("{} is {}{}", what, NameOf(hold.kind),
                     hold.by.empty() ? "" : " by " + hold.by);
}

// Without the line that names the run.
std::string Body(const RunExplanation& run, bool all) {
  std::string text;
  if (run.hold) AddLine(text, 2, HoldText(*run.hold));
  if (!all && run.IsComplete()) return text;
  std::set<StagePlace> told;  // whose differences stand there already
  for (const StageExplanation& stage : run.stages) AddStage(text, run, stage, all, told);
  return text;
}

std::string NamesText(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostRuns);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

template <typename T>
json OrNull(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json PlacesJson(const std::vector<StagePlace>& places) {
  json list = json::array();
  for (const StagePlace& place : places) list.push_back(NameOf(place));
  return list;
}

json AttemptJson(const AttemptFacts& attempt) {
  json object = {{"number", attempt.number},
                 {"host", attempt.start.host},
                 {"pid", attempt.start.pid},
                 {"started", OrNull(attempt.start.time)},
                 {"outcome", nullptr}};
  if (!attempt.end) return object;
  object["outcome"] = NameOf(attempt.end->outcome);
  object["cause"] = attempt.end->cause;
  object["message"] = attempt.end->message;
  object["ended"] = OrNull(attempt.end->time);
  return object;
}

json ValueOrNull(const json& value) { return value.is_discarded() ? json(nullptr) : value; }

json DifferenceJson(const StageDifference& difference) {
  json changes = json::array();
  for (const SettingChange& change : difference.settings) {
    changes.push_back(
        {{"path", change.path}, {"was", ValueOrNull(change.was)}, {"is", ValueOrNull(change.is)}});
  }
  return {{"role", NameOf(difference.place)},
          {"settings", std::move(changes)},
          {"content", difference.of_content},
          {"program", difference.of_program}};
}

json StageJson(const RunExplanation& run, const StageExplanation& stage) {
  json attempts = json::array(), differences = json::array();
  for (const AttemptFacts& attempt : stage.attempts) attempts.push_back(AttemptJson(attempt));
  for (const auto& difference : stage.differences) {
    differences.push_back(DifferenceJson(difference));
  }
  json object = {{"role", NameOf(stage.place)},
                 {"fingerprint", stage.stage.Hex()},
                 {"kind", stage.facts.kind},
                 {"state", NameOf(stage.facts.state)},
                 {"reason", stage.facts.reason},
                 {"verdict", Verdict(run, stage)},
                 {"needed", stage.plan.needed},
                 {"why", stage.plan.why},
                 {"again", stage.plan.again},
                 {"runs", stage.runs},
                 {"reads", PlacesJson(stage.inputs)},
                 {"waits_for", PlacesJson(stage.waits_for)},
                 {"attempts", std::move(attempts)},
                 {"earlier", nullptr},
                 {"differences", std::move(differences)}};
  if (stage.earlier) {
    object["earlier"] = {{"study", stage.earlier->study},
                         {"arm", stage.earlier->arm},
                         {"seed", stage.earlier->seed},
                         {"fingerprint", stage.earlier->stage.Hex()},
                         {"state", NameOf(stage.earlier->state)}};
  }
  return object;
}

}  // namespace

std::string ExplanationText(const RunExplanation& run) {
  std::string text;
  AddLine(text, 0,
          fmt::format("{}/{}:{}", run.arm, run.seed,
                      run.IsComplete()     ? " complete, nothing to do"
                      : run.NeedsNothing() ? " nothing to do"
                                           : ""));
  return text + Body(run, /*all=*/true);
}

std::string GroupedText(const std::string& study, const std::vector<RunExplanation>& runs) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const RunExplanation& run : runs) {
    const std::string body = Body(run, /*all=*/false);
    auto group = std::ranges::find(groups, body, [](const auto& g) { return g.first; });
    if (group == groups.end()) group = groups.insert(groups.end(), {body, {}});
    group->second.push_back(fmt::format("{}/{}", run.arm, run.seed));
  }
  std::string text = fmt::format("{}: {}\n", Printable(study), Plural(runs.size(), "run"));
  for (const auto& [body, names] : groups) {
    text += "\n";
    AddLine(text, 0,
            fmt::format("{}{}:{}", NamesText(names),
                        names.size() > 1 ? fmt::format(" ({} runs)", names.size()) : "",
                        body.empty() ? " complete, nothing to do" : ""));
    text += body;
  }
  return text;
}

json ExplanationJson(const std::string& study, const std::vector<RunExplanation>& runs) {
  json list = json::array();
  for (const RunExplanation& run : runs) {
    json stages = json::array();
    for (const StageExplanation& stage : run.stages) stages.push_back(StageJson(run, stage));
    json hold = nullptr;
    if (run.hold) {
      hold = {{"kind", NameOf(run.hold->kind)},  {"by", run.hold->by},
              {"since", OrNull(run.hold->time)}, {"study", run.hold->scope.study},
              {"arm", run.hold->scope.arm},      {"seed", OrNull(run.hold->scope.seed)}};
    }
    list.push_back({{"arm", run.arm},
                    {"seed", run.seed},
                    {"needed", !run.NeedsNothing()},
                    {"hold", std::move(hold)},
                    {"stages", std::move(stages)}});
  }
  return {{"study", study}, {"runs", std::move(list)}};
}

}  // namespace upcycle
