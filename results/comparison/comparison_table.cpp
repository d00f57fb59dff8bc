#include "results/comparison/comparison_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

// The same column in its two parts, so that a title and its cells cannot fall apart.
struct Builder {
  Table* table;
  const Comparison& comparison;

  template <typename CellOfArm>
  void Add(Column column, CellOfArm cell_of_arm) {
    table->columns.push_back(std::move(column));
    for (size_t i = 0; i < comparison.arms.size(); ++i) {
      table->rows[i].push_back(cell_of_arm(comparison.arms[i]));
    }
  }
};

// The setting at a dotted path, "data.train.0.weight" in a list, as JSON shows it; – where the arm
// has none.
std::string SettingText(const std::string& settings, const std::string& path) {
  const auto all = nlohmann::json::parse(settings);
  std::string place = "/" + path;
  std::replace(place.begin(), place.end(), '.', '/');
  const nlohmann::json::json_pointer pointer(place);
  if (!all.contains(pointer)) return "";
  const nlohmann::json& setting = all.at(pointer);
  return setting.is_string() ? setting.get<std::string>() : setting.dump();
}

// "6", or "4/6" where two runs have no value of the primary metric.
std::string SeedsText(const ArmComparison& arm) {
  const int64_t present = arm.summaries.front().count;
  const auto planned = static_cast<int64_t>(arm.runs.size());
  return present == planned ? fmt::format("{}", planned) : fmt::format("{}/{}", present, planned);
}

Tone ToneOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return Tone::kGood;
    case Verdict::kWorse:
      return Tone::kBad;
    case Verdict::kEquivalent:
      return Tone::kPlain;
    case Verdict::kInconclusive:
    case Verdict::kIdentical:
    case Verdict::kUndecidable:
    case Verdict::kIncomplete:
      return Tone::kFaint;
  }
  return Tone::kPlain;
}

// Inference on incomplete cells is refused, so the difference is not shown either.
Cell DifferenceCell(const ArmComparison& arm) {
  if (!arm.judgement || arm.judgement->verdict == Verdict::kIncomplete) return {};
  const Summary& difference = arm.judgement->pairs.difference;
  return {.value = difference.mean, .half_width = difference.half_width};
}

Cell VerdictCell(const ArmComparison& arm) {
  if (!arm.judgement) return {.text = "baseline"};
  const Verdict verdict = arm.judgement->verdict;
  return {.text = std::string(NameOf(verdict)), .tone = ToneOf(verdict)};
}

// "dropped share" for moe/dropped_share; other metrics are known by their names.
std::string TitleOf(const std::string& metric) {
  constexpr std::string_view kExperts = "moe/";
  if (!metric.starts_with(kExperts)) return metric;
  std::string title = metric.substr(kExperts.size());
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

void AddMetric(Builder& builder, size_t index) {
  const std::string& metric = builder.comparison.metrics[index];
  const int64_t digits = builder.comparison.table.digits;
  builder.Add({TitleOf(metric), metric, Notation::kEstimate, digits},
              [index](const ArmComparison& arm) {
                const Summary& summary = arm.summaries[index];
                return Cell{.value = summary.mean, .half_width = summary.half_width};
              });
}

void AddCost(Builder& builder, CostColumn column) {
  const std::string key(NameOf(column));
  switch (column) {
    case CostColumn::kParameters:
      builder.Add({"parameters", key, Notation::kCount},
                  [](const auto& arm) { return Cell{.value = arm.cost.parameters_total}; });
      return;
    case CostColumn::kActiveParameters:
      builder.Add({"active", key, Notation::kCount},
                  [](const auto& arm) { return Cell{.value = arm.cost.parameters_active}; });
      return;
    case CostColumn::kTrainFlops:
      builder.Add({"train FLOPs", key, Notation::kScientific},
                  [](const auto& arm) { return Cell{.value = arm.cost.train_flops}; });
      return;
    case CostColumn::kFlopsMismatch:
      builder.Add({"mismatch", key, Notation::kSignedPercent},
                  [](const auto& arm) { return Cell{.value = arm.flops_mismatch}; });
      return;
    case CostColumn::kTrainTokens:
      builder.Add({"train tokens", key, Notation::kCount},
                  [](const auto& arm) { return Cell{.value = arm.cost.train_tokens}; });
      return;
  }
}

}  // namespace

Table TableOf(const Comparison& comparison) {
  Table table;
  for (const auto& preference : EnumNames<Preference>::values) {
    if (preference.value != comparison.preference) continue;
    table.title =
        fmt::format("{}: {}, {}", comparison.study, comparison.metrics.front(), preference.help);
  }
  table.rows.resize(comparison.arms.size());
  table.notes = comparison.notes;

  Builder builder = {&table, comparison};
  const std::string& rows = comparison.table.rows;
  if (rows != "arm") {
    builder.Add({rows, rows, Notation::kText}, [&](const ArmComparison& arm) {
      return Cell{.text = SettingText(arm.settings, rows)};
    });
  }
  builder.Add({"arm", "arm", Notation::kText},
              [](const ArmComparison& arm) { return Cell{.text = arm.name}; });
  builder.Add({"seeds", "seeds", Notation::kText},
              [](const ArmComparison& arm) { return Cell{.text = SeedsText(arm)}; });
  AddMetric(builder, 0);
  if (!comparison.baseline.empty()) {
    builder.Add({"difference", "difference", Notation::kSignedEstimate, comparison.table.digits},
                DifferenceCell);
    builder.Add({"adjusted p", "adjusted_p", Notation::kProbability}, [](const auto& arm) {
      return arm.judgement ? Cell{.value = arm.judgement->adjusted_p} : Cell{};
    });
    builder.Add({"verdict", "verdict", Notation::kText}, VerdictCell);
  }
  for (size_t i = 1; i < comparison.metrics.size(); ++i) AddMetric(builder, i);
  for (const CostColumn column : comparison.costs) AddCost(builder, column);
  return table;
}

}  // namespace upcycle
