#include "results/comparison/comparison_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/spelling.h"
#include "results/comparison/grid_table.h"
#include "results/comparison/metric_cells.h"
#include "results/tables/row_order.h"

namespace upcycle {
namespace {

// The same column in its two parts, so that a title and its cells cannot fall apart.
struct Builder {
  Table* table;
  const Comparison& comparison;
  const std::vector<const ArmComparison*>& arms;

  template <typename CellOfArm>
  void Add(Column column, CellOfArm cell_of_arm) {
    table->columns.push_back(std::move(column));
    for (size_t i = 0; i < arms.size(); ++i) table->rows[i].push_back(cell_of_arm(*arms[i]));
  }
};

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

// "dropped share" for moe/dropped_share; other metrics are known by their names.
std::string TitleOf(const std::string& metric) {
  constexpr std::string_view kExperts = "moe/";
  if (!metric.starts_with(kExperts)) return metric;
  std::string title = metric.substr(kExperts.size());
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

void AddMetric(Builder& builder, size_t metric) {
  const Comparison& comparison = builder.comparison;
  const std::string& name = comparison.metrics[metric];
  const std::vector<bool> bold = BoldCells(comparison, builder.arms, metric);
  size_t row = 0;
  builder.Add(MetricColumn(comparison, TitleOf(name), name), [&](const ArmComparison& arm) {
    Cell cell = MetricCell(comparison, arm, metric);
    cell.bold = bold[row++];
    return cell;
  });
}

void AddTest(Builder& builder, TestColumn column) {
  const std::string key(NameOf(column));
  switch (column) {
    case TestColumn::kSeeds:
      builder.Add({.title = key, .key = key, .right = true},
                  [](const ArmComparison& arm) { return Cell{.text = SeedsText(arm)}; });
      return;
    case TestColumn::kDifference:
      builder.Add({key, key, Notation::kSignedEstimate, builder.comparison.table.digits},
                  DifferenceCell);
      return;
    case TestColumn::kAdjustedP:
      builder.Add({"adjusted p", key, Notation::kProbability}, [](const auto& arm) {
        return arm.judgement ? Cell{.value = arm.judgement->adjusted_p} : Cell{};
      });
      return;
    case TestColumn::kVerdict:
      builder.Add({key, key, Notation::kText}, VerdictCell);
      return;
  }
}

void AddSetting(Builder& builder, const std::string& path) {
  builder.Add({path, path, Notation::kText}, [&](const ArmComparison& arm) {
    return Cell{.text = TextAt(arm.setting_texts, path)};
  });
}

void AddArms(Builder& builder) {
  builder.Add({"arm", "arm", Notation::kText},
              [](const ArmComparison& arm) { return Cell{.text = arm.name}; });
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

void AddColumn(Builder& builder, const TableColumn& column) {
  switch (column.kind) {
    case TableColumn::Kind::kSetting:
      return AddSetting(builder, column.name);
    case TableColumn::Kind::kTest:
      return AddTest(builder, column.test);
    case TableColumn::Kind::kMetric:
      return AddMetric(builder, column.metric);
    case TableColumn::Kind::kCost:
      return AddCost(builder, column.cost);
  }
}

Table ArmTableOf(const Comparison& comparison) {
  Table table;
  const std::vector<const ArmComparison*> arms = ShownArms(comparison);
  table.rows.resize(arms.size());
  Builder builder = {&table, comparison, arms};
  auto column = comparison.columns.begin();
  if (comparison.table.rows != "arm") AddColumn(builder, *column++);
  AddArms(builder);
  for (; column != comparison.columns.end(); ++column) AddColumn(builder, *column);
  return table;
}

// "routing: validation/loss, lower is better"; of a grid with what its sides are.
std::string TitleOf(const Comparison& comparison) {
  const size_t metric = comparison.grid ? comparison.grid->metric : 0;
  std::string title = fmt::format("{}: {}", comparison.study, comparison.metrics[metric]);
  const auto preference = PreferenceOf(comparison, metric);
  for (const auto& word : EnumNames<Preference>::values) {
    if (word.value == preference) title += fmt::format(", {}", word.help);
  }
  if (!comparison.grid) return title;
  return fmt::format("{}, by {} and {}", title, comparison.grid->rows, comparison.grid->columns);
}

}  // namespace

Cell VerdictCell(const ArmComparison& arm) {
  if (!arm.judgement) return {.text = "baseline"};
  const Verdict verdict = arm.judgement->verdict;
  return {.text = std::string(NameOf(verdict)), .tone = ToneOf(verdict)};
}

size_t ColumnNamed(const Table& table, std::string_view name) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const std::string_view key = column.key;
    const bool is_difference = key == fmt::format("{} difference", name);
    if (key == name || column.title == name || is_difference) return i;
    keys.push_back(table.columns[i].key);
  }
  throw Error(Cause::kInput, fmt::format("the table has no column \"{}\"{} It has {}", name,
                                         DidYouMean(name, keys), fmt::join(keys, ", ")));
}

Table TableOf(const Comparison& comparison) {
  Table table = comparison.grid ? GridTableOf(comparison) : ArmTableOf(comparison);
  table.title = TitleOf(comparison);
  table.notes = comparison.notes;
  table.study = comparison.study;
  table.command = comparison.command;
  if (!comparison.table.sort.empty()) {
    const SortWords sort = ParseSortWords(comparison.table.sort);
    SortRows(&table, ColumnNamed(table, sort.column), sort.descending);
  }
  return table;
}

}  // namespace upcycle
