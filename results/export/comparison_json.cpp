#include "results/export/comparison_json.h"

#include <nlohmann/json.hpp>

#include "results/comparison/comparison_table.h"
#include "results/evidence/evidence_json.h"
#include "results/export/settings_places.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

Json SummaryJson(const Summary& summary) {
  return {{"count", summary.count},
          {"mean", summary.mean},
          {"deviation", summary.deviation},
          {"half_width", summary.half_width}};
}

Json RunJson(const RunOutcome& run) {
  Json values = Json::object();
  for (const auto& [metric, result] : run.values) {
    values[metric] = {{"value", result.value}};
    if (result.standard_error) values[metric]["standard_error"] = *result.standard_error;
    if (result.count) values[metric]["count"] = *result.count;
  }
  Json stages = Json::object();
  for (const auto& [place, stage] : run.stages) stages[NameOf(place)] = stage.Hex();
  return {{"seed", run.seed},
          {"state", NameOf(run.state)},
          {"values", std::move(values)},
          {"stages", std::move(stages)}};
}

Json JudgementJson(const Judgement& judgement) {
  return {{"verdict", NameOf(judgement.verdict)},
          {"reason", judgement.reason},
          {"difference", SummaryJson(judgement.pairs.difference)},
          {"missing_pairs", judgement.missing},
          {"t", judgement.pairs.t},
          {"p", judgement.pairs.p},
          {"adjusted_p", judgement.adjusted_p},
          {"adjusted_equivalence_p", judgement.adjusted_equivalence_p}};
}

Json CostJson(const ArmComparison& arm) {
  return {{"parameters", arm.cost.parameters_total},
          {"active_parameters", arm.cost.parameters_active},
          {"train_flops", arm.cost.train_flops},
          {"flops_mismatch", arm.flops_mismatch},
          {"train_tokens", arm.cost.train_tokens},
          {"parent_train_flops", arm.cost.parent_train_flops},
          {"branch_train_flops", arm.cost.branch_train_flops},
          {"experts", arm.cost.experts}};
}

Json ArmJson(const ArmComparison& arm, const Comparison& comparison) {
  Json summaries = Json::object();
  for (size_t i = 0; i < comparison.metrics.size(); ++i) {
    summaries[comparison.metrics[i]] = SummaryJson(arm.summaries[i]);
  }
  Json runs = Json::array();
  for (const RunOutcome& run : arm.runs) runs.push_back(RunJson(run));
  Json json = {{"name", arm.name}, {"summaries", std::move(summaries)}};
  if (arm.judgement) json["against_baseline"] = JudgementJson(*arm.judgement);
  if (arm.seeds_asked) json["seeds_asked"] = *arm.seeds_asked;
  json["cost"] = CostJson(arm);
  // Parsed with sorted keys, so that the order in which a program wrote them does not matter.
  json["changes"] = Json(nlohmann::json::parse(arm.changes));
  json["settings"] = Json(WithoutPlaces(nlohmann::json::parse(arm.settings)));
  json["runs"] = std::move(runs);
  return json;
}

// The number behind a cell with what stands beside it, or its text.
Json CellJson(const Column& column, const Cell& cell) {
  Json json = {{"shown", CellText(column, cell)}};
  if (column.notation != Notation::kText) json["value"] = cell.value;
  const bool is_estimate =
      column.notation == Notation::kEstimate || column.notation == Notation::kSignedEstimate;
  if (is_estimate && !column.spread.empty()) json[column.spread] = cell.half_width;
  if (column.notation == Notation::kRange || column.notation == Notation::kEstimateRange) {
    json["low"] = cell.low;
    json["high"] = cell.high;
  }
  if (cell.bold) json["bold"] = true;
  return json;
}

// How verdicts came about.
Json RulesJson(const Comparison& comparison) {
  const TableSpec& table = comparison.table;
  Json rules = {{"comparisons", FamilyOf(comparison)},
                {"level", table.Level()},
                {"interval", table.interval},
                {"margin", table.margin},
                {"sequential", table.IsSequential()}};
  if (table.IsSequential()) {
    rules["first_seeds"] = table.first_seeds;
    rules["most_seeds"] = table.most_seeds;
    rules["seeds_are_over"] = comparison.seeds_are_over;
  }
  return rules;
}

// As it is shown, row by row.
Json TableJson(const Table& table) {
  Json columns = Json::array();
  for (const Column& column : table.columns) {
    columns.push_back({{"key", column.key}, {"title", column.title}});
  }
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::object();
    for (size_t i = 0; i < row.size(); ++i) {
      cells[table.columns[i].key] = CellJson(table.columns[i], row[i]);
    }
    rows.push_back(std::move(cells));
  }
  return {{"title", table.title}, {"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

}  // namespace

std::string ToJson(const Comparison& comparison, const StudyEffects* effects) {
  Json arms = Json::array();
  for (const ArmComparison* arm : ShownArms(comparison)) arms.push_back(ArmJson(*arm, comparison));
  const std::string command =
      comparison.with_evidence ? EvidenceCommandOf(comparison) : comparison.command;
  Json json = {{"study", comparison.study},
               {"command", command + " --format json"},
               {"description", comparison.description},
               {"metric", comparison.metrics.front()},
               {"goal", NameOf(comparison.preference)},
               {"baseline", comparison.baseline},
               {"matched_on", comparison.matched_on},
               {"rules", RulesJson(comparison)},
               {"parents", comparison.parent_values},
               {"table", TableJson(TableOf(comparison))},
               {"arms", std::move(arms)},
               {"notes", comparison.notes}};
  if (comparison.with_evidence) json["evidence"] = EvidenceJson(EvidenceOf(comparison), comparison);
  if (effects != nullptr) {
    json["effects"] = Json::array();
    for (const Table& table : effects->tables) json["effects"].push_back(TableJson(table));
  }
  // A name that is not valid UTF-8 loses the offending bytes rather than the export.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace upcycle
