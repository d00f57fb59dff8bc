// The table, and the runs behind each of its cells.

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/comparison/comparison_table.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

// Those of a run that are no other run's, and so lead to what it was made of.
std::string StagesText(const RunOutcome& run) {
  std::vector<std::string> words;
  for (const auto& [place, stage] : run.stages) {
    if (place.role < StageRole::kStart) continue;
    words.push_back(fmt::format("{} {}", NameOf(place), stage.Short()));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string StateText(const RunOutcome& run) {
  const std::string state(NameOf(run.state));
  return run.cause.empty() ? state : fmt::format("{} ({})", state, run.cause);
}

Table RunTable(const ArmComparison& arm, const Comparison& comparison) {
  Table table = html::EmptyTable(arm.name + ": runs", {{"seed", "seed"}, {"state", "state"}});
  std::vector<std::string> metrics;
  for (size_t i = 0; i < comparison.metrics.size(); ++i) {
    if (arm.summaries[i].count > 0) metrics.push_back(comparison.metrics[i]);
  }
  for (const std::string& metric : metrics) {
    table.columns.push_back({metric, metric, Notation::kEstimate, comparison.table.digits + 1});
  }
  table.columns.push_back({"stages", "stages"});
  for (const RunOutcome& run : arm.runs) {
    std::vector<Cell> row = {{.text = fmt::format("{}", run.seed)}, {.text = StateText(run)}};
    for (const std::string& metric : metrics) {
      const auto value = run.values.find(metric);
      row.push_back(value == run.values.end() ? Cell{} : Cell{.value = value->second.value});
    }
    row.push_back({.text = StagesText(run)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string SummaryText(const ArmComparison& arm) {
  std::map<StageState, int64_t> counts;
  for (const RunOutcome& run : arm.runs) ++counts[run.state];
  std::vector<std::string> words;
  for (const auto& [state, count] : counts) {
    words.push_back(fmt::format("{} {}", count, NameOf(state)));
  }
  return fmt::format("{}: {}", arm.name, fmt::join(words, ", "));
}

}  // namespace

std::string RunsId(size_t arm) { return fmt::format("runs-{}", arm + 1); }

std::string TableSection(const ReportInput& input) {
  const Table table = TableOf(input.comparison);
  const auto place = std::ranges::find(table.columns, "arm", &Column::key) - table.columns.begin();
  const auto arm_column = static_cast<size_t>(place);
  // A grid of two settings has no arms to name its rows.
  if (arm_column == table.columns.size()) return html::TableOf(table, {.notes = true});
  // Rows may be sorted, and leave arms out.
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < input.comparison.arms.size(); ++i) {
    places[input.comparison.arms[i].name] = i;
  }
  const auto link = [&](size_t row, size_t column) -> std::string {
    const Notation notation = table.columns[column].notation;
    const bool is_estimate =
        notation == Notation::kEstimate || notation == Notation::kSignedEstimate;
    const bool leads =
        column == arm_column || (is_estimate && std::isfinite(table.rows[row][column].value));
    const auto arm = places.find(table.rows[row][arm_column].text);
    return leads && arm != places.end() ? RunsId(arm->second) : "";
  };
  return html::TableOf(table, {.names = arm_column + 1, .notes = true, .link = link});
}

std::string RunsSection(const ReportInput& input) {
  std::string text = html::Paragraph(
      "Every value of the table is made of these. Stages are named by the beginning of their "
      "fingerprints.");
  const auto& arms = input.comparison.arms;
  for (size_t i = 0; i < arms.size(); ++i) {
    text += html::Details(SummaryText(arms[i]),
                          html::TableOf(RunTable(arms[i], input.comparison), {.id = RunsId(i)}));
  }
  return text;
}

}  // namespace upcycle
