// What computed the results: programs, machines, devices, libraries, and how they were started.

#include <map>

#include <fmt/format.h>

#include "core/setting_paths.h"
#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;
using Counts = std::map<std::pair<std::string, std::string>, int64_t>;  // by what and value

// A command line of each attempt names its stage; those of the launches say how it was asked for.
void CountProvenance(const AttemptFacts& attempt, Counts* counts) {
  const auto count = [&](std::string what, std::string value) {
    if (!value.empty()) ++(*counts)[{std::move(what), std::move(value)}];
  };
  count("host", attempt.start.host);
  count("device", attempt.start.device);
  const Json provenance = Json::parse(attempt.start.provenance, nullptr, false);
  if (!provenance.is_object()) return;
  for (const auto& [what, value] : provenance.items()) {
    if (what == "command_line") continue;
    count(what, SettingText(value));
  }
}

Table LaunchTable(const std::vector<LaunchFacts>& launches) {
  Table table = html::EmptyTable("Launches", {{.title = "launch", .key = "launch", .right = true},
                                              {"command", "command"},
                                              {"host", "host"},
                                              {"started", "started"},
                                              {"ended", "ended"}});
  for (const LaunchFacts& launch : launches) {
    table.rows.push_back({{.text = fmt::format("{}", launch.start.launch)},
                          {.text = launch.start.command_line},
                          {.text = launch.start.host},
                          {.text = UtcText(launch.start.time)},
                          {.text = launch.end ? UtcText(launch.end->time) : "not ended"}});
  }
  return table;
}

}  // namespace

std::string MachinesSection(const ReportInput& input) {
  Counts counts;
  for (const auto& of_stage : input.attempts) {
    for (const AttemptFacts& attempt : of_stage) CountProvenance(attempt, &counts);
  }
  Table table = html::EmptyTable(
      "What the attempts ran with",
      {{"what", "what"}, {"value", "value"}, {"attempts", "attempts", Notation::kEstimate}});
  for (const auto& [which, count] : counts) {
    table.rows.push_back(
        {{.text = which.first}, {.text = which.second}, {.value = static_cast<double>(count)}});
  }
  std::string text;
  if (!table.rows.empty()) text += html::TableOf(table);
  const auto launches = input.ledger.ReadLaunches(input.study.name);
  if (!launches.empty()) text += html::TableOf(LaunchTable(launches));
  return text;
}

}  // namespace upcycle
