#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/export/cell_source.h"
#include "results/tables/number_text.h"
#include "results/tables/table.h"
#include "results/tables/terminal.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

std::string TimeText(std::optional<double> seconds) {
  if (!seconds || !std::isfinite(*seconds)) return "";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(*seconds)));
}

std::string ExactText(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

// "evaluate, of step 610's weights"; "train, its series at step 610".
std::string OriginText(const CellRun& run) {
  if (!run.origin) {
    const std::string state(NameOf(run.state));
    const bool is_said = run.cause.empty() || run.cause == state;
    return is_said ? state : fmt::format("{} ({})", state, run.cause);
  }
  const std::string role = NameOf(run.origin->place);
  if (run.origin->step)
    return fmt::format("{}, its newest point: step {}", role, *run.origin->step);
  if (run.trained_steps == 0) return fmt::format("{}, its result", role);
  return fmt::format("{}, its result after {} steps", role, run.trained_steps);
}

std::string RunsText(const std::string& title, const std::vector<CellRun>& runs,
                     const std::string& stages) {
  Table table = {.title = title,
                 .columns = {{"seed", "seed"},
                             {"value", "value"},
                             {"from", "from"},
                             {"stage", "stage"},
                             {"attempt", "attempt"},
                             {"host", "host"},
                             {"started", "started"}},
                 .rows = {},
                 .notes = {}};
  for (const CellRun& run : runs) {
    const bool tried = run.attempt.has_value();
    table.rows.push_back({{.text = std::to_string(run.seed)},
                          {.text = ExactText(run.value)},
                          {.text = OriginText(run)},
                          {.text = run.origin ? fmt::format("{}/{}", stages, run.stage.Hex()) : ""},
                          {.text = tried ? std::to_string(run.attempt->number) : ""},
                          {.text = tried ? run.attempt->start.host : ""},
                          {.text = tried ? TimeText(run.attempt->start.time) : ""}});
  }
  return ToTerminal(table, {});
}

std::string PairsText(const CellSource& source) {
  Table table = {.title = "pairs",
                 .columns = {{"seed", "seed"},
                             {source.arm, "arm"},
                             {source.baseline, "baseline"},
                             {"difference", "difference"}},
                 .rows = {},
                 .notes = {}};
  for (const CellPair& pair : source.pairs) {
    table.rows.push_back({{.text = std::to_string(pair.seed)},
                          {.text = fmt::format("{}", pair.arm)},
                          {.text = fmt::format("{}", pair.baseline)},
                          {.text = fmt::format("{}", pair.arm - pair.baseline)}});
  }
  return ToTerminal(table, {});
}

Json OptionalJson(const auto& value) { return value ? Json(*value) : Json(); }

Json RunJson(const CellRun& run, const std::string& stages) {
  Json json = {{"seed", run.seed},
               {"state", NameOf(run.state)},
               {"cause", run.cause},
               {"value", OptionalJson(run.value)}};
  if (run.origin) {
    json["role"] = NameOf(run.origin->place);
    json["series_step"] = OptionalJson(run.origin->step);
    json["trained_steps"] = run.trained_steps;
    json["stage"] = run.stage.Hex();
    json["folder"] = fmt::format("{}/{}", stages, run.stage.Hex());
  }
  if (run.attempt) {
    const AttemptStart& start = run.attempt->start;
    json["attempt"] = {{"number", run.attempt->number},
                       {"host", start.host},
                       {"device", start.device},
                       {"started", OptionalJson(start.time)},
                       {"ended", run.attempt->end ? OptionalJson(run.attempt->end->time) : Json()}};
  }
  return json;
}

Json RunsJson(const std::vector<CellRun>& runs, const std::string& stages) {
  Json json = Json::array();
  for (const CellRun& run : runs) json.push_back(RunJson(run, stages));
  return json;
}

}  // namespace

std::string ToText(const CellSource& source, const std::string& stages) {
  std::string text = Printable(
      fmt::format("{}: {}, {}: {}", source.study, source.arm, source.column, source.shown));
  text += "\n\n";
  for (const std::string& line : source.making) text += fmt::format("  {}\n", Printable(line));
  if (!source.evidence.empty()) text += "\nhow sure\n\n";
  for (const std::string& line : source.evidence) text += fmt::format("  {}\n", Printable(line));
  if (!source.runs.empty()) {
    text += "\n";
    text += RunsText(fmt::format("{} of {}", source.metric, source.arm), source.runs, stages);
  }
  if (!source.baseline_runs.empty()) {
    text += RunsText(fmt::format("{} of {}", source.metric, source.baseline), source.baseline_runs,
                     stages);
  }
  if (!source.pairs.empty()) text += PairsText(source);
  return text;
}

std::string ToJson(const CellSource& source, const std::string& stages) {
  Json pairs = Json::array();
  for (const CellPair& pair : source.pairs) {
    pairs.push_back({{"seed", pair.seed},
                     {"arm", pair.arm},
                     {"baseline", pair.baseline},
                     {"difference", pair.arm - pair.baseline}});
  }
  Json json = {{"study", source.study},
               {"arm", source.arm},
               {"column", source.column},
               {"shown", source.shown},
               {"metric", source.metric},
               {"making", source.making},
               {"runs", RunsJson(source.runs, stages)},
               {"baseline", source.baseline},
               {"baseline_runs", RunsJson(source.baseline_runs, stages)},
               {"pairs", std::move(pairs)}};
  if (!source.evidence_json.empty()) json["evidence"] = Json::parse(source.evidence_json);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace upcycle
