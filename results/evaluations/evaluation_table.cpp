#include "results/evaluations/evaluation_table.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/evaluations/item_difference.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr double kLevel = 0.95;
constexpr std::string_view kAccuracy = "/accuracy", kLoss = "/loss",
                           kTruncated = "/truncated_prompts";
// What benchmarks and texts are measured by, as far as any of them is.
constexpr const char* kMeasures[] = {"accuracy", "accuracy_normalised", "perplexity",
                                     "loss",     "loss_per_character",  "bits_per_byte"};

// "mmlu/college_physics/accuracy" is of one subject of many, "mmlu/stem/accuracy" of a group.
constexpr std::string_view kGroups[] = {"stem", "humanities", "social_sciences", "other"};

// What rows are called: benchmarks, and MMLU's groups behind it; texts.
std::vector<std::string> RowNames(const std::vector<std::string>& metrics) {
  std::vector<std::string> names;
  for (const std::string& metric : metrics) {
    if (metric.ends_with(kLoss)) names.push_back(metric.substr(0, metric.size() - kLoss.size()));
    if (!metric.ends_with(kAccuracy)) continue;
    const std::string name = metric.substr(0, metric.size() - kAccuracy.size());
    const size_t slash = name.find('/');
    const bool is_shown = slash == std::string::npos ||
                          std::ranges::find(kGroups, name.substr(slash + 1)) != std::end(kGroups);
    if (is_shown) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Cell CellOf(const RunFacts& run, const std::string& metric) {
  const auto found = run.values.find(metric);
  if (found == run.values.end()) return {};
  Cell cell = {.value = found->second.value};
  if (found->second.standard_error) cell.half_width = *found->second.standard_error;
  return cell;
}

class TableMaker {
 public:
  TableMaker(LedgerReader& ledger, std::string_view name)
      : ledger_(ledger), study_(ledger.ReadStudy(name)), metrics_(ledger.ResultNames(study_)) {
    ledger.ReadValues(&study_, metrics_);
  }

  Table Make() {
    const std::vector<std::string> rows = RowNames(metrics_);
    const bool differences = study_.arms.size() > 1;
    Table table = {
        .title = study_.name, .columns = ColumnsFor(differences), .rows = {}, .notes = {}};
    for (const std::string& name : rows) {
      for (const ArmFacts& arm : study_.arms) {
        if (IsComplete(arm)) table.rows.push_back(RowOf(arm, name, differences));
      }
    }
    AddNotes(&table, differences);
    return table;
  }

  std::string Json() const {
    json models = json::array();
    for (const ArmFacts& arm : study_.arms) {
      json results = json::array();
      for (const auto& [metric, result] : arm.runs.front().values) {
        const auto number = [](auto value) { return value ? json(*value) : json(); };
        results.push_back({{"metric", metric},
                           {"value", result.value},
                           {"standard_error", number(result.standard_error)},
                           {"count", number(result.count)}});
      }
      models.push_back({{"name", arm.name}, {"results", std::move(results)}});
    }
    return json({{"study", study_.name}, {"models", models}}).dump(2) + "\n";
  }

 private:
  bool Has(std::string_view measure) const {
    return std::ranges::any_of(metrics_, [&](const std::string& metric) {
      return metric.substr(metric.rfind('/') + 1) == measure;
    });
  }

  std::vector<Column> ColumnsFor(bool differences) const {
    std::vector<Column> columns = {{"asked", "asked", Notation::kText},
                                   {"model", "model", Notation::kText},
                                   {"items", "items", Notation::kCount}};
    for (const char* measure : kMeasures) {
      if (Has(measure)) columns.push_back({measure, measure, Notation::kEstimate});
    }
    if (differences) columns.push_back({"difference", "difference", Notation::kSignedEstimate});
    return columns;
  }

  std::vector<Cell> RowOf(const ArmFacts& arm, const std::string& name, bool differences) {
    const RunFacts& run = arm.runs.front();
    std::vector<Cell> cells = {{.text = name}, {.text = arm.name}, CountOf(run, name)};
    for (const char* measure : kMeasures) {
      if (Has(measure)) cells.push_back(CellOf(run, fmt::format("{}/{}", name, measure)));
    }
    if (differences) cells.push_back(DifferenceOf(arm, name));
    return cells;
  }

  bool IsComplete(const ArmFacts& arm) const {
    return StateOfRun(study_, arm.runs.front()) == StageState::kComplete;
  }

  Cell CountOf(const RunFacts& run, const std::string& name) const {
    auto found = run.values.find(name + std::string(kAccuracy));
    if (found == run.values.end()) found = run.values.find(name + std::string(kLoss));
    if (found == run.values.end() || !found->second.count) return {};
    return {.value = static_cast<double>(*found->second.count)};
  }

  // All items of a benchmark; of a group there are none of its own.
  std::vector<Item> ItemsOf(const ArmFacts& arm, const std::string& name) {
    std::vector<Item> items;
    for (const auto& [place, stage] : arm.runs.front().stages) {
      for (Item& item : ledger_.ReadItems(study_.stages[stage].id, name)) {
        items.push_back(std::move(item));
      }
    }
    return items;
  }

  Cell DifferenceOf(const ArmFacts& arm, const std::string& name) {
    const ArmFacts& first = study_.arms.front();
    if (&arm == &first || !IsComplete(first)) return {};
    const std::vector<Item> items = ItemsOf(arm, name);
    if (items.empty()) return {};
    const Summary difference = AccuracyDifference(items, ItemsOf(first, name), kLevel);
    return {.value = difference.mean, .half_width = difference.half_width};
  }

  void AddNotes(Table* table, bool differences) const {
    table->notes.push_back(
        "Cells. Value ± standard error over items, which are questions, or tokens of a text; – is "
        "not available. Losses are in nats.");
    if (differences) {
      table->notes.push_back(fmt::format(
          "Difference. In accuracy to {}, with the 95 % interval over the items, which both were "
          "asked: it says what other questions of the kind would show, not other trainings.",
          study_.arms.front().name));
    }
    for (const ArmFacts& arm : study_.arms) AddNotes(table, arm);
  }

  void AddNotes(Table* table, const ArmFacts& arm) const {
    if (!IsComplete(arm)) {
      table->notes.push_back(fmt::format("{} has not answered all of its questions.", arm.name));
      return;
    }
    for (const auto& [metric, share] : arm.runs.front().values) {
      if (!metric.ends_with(kTruncated) || share.value == 0) continue;
      table->notes.push_back(fmt::format(
          "Of the {} prompts of {}, {:.3g} % were longer than the sequences of {} and lost their "
          "beginning: they are not what was to be asked. Ask with fewer shots, or a model of "
          "longer sequences.",
          share.count.value_or(0), metric.substr(0, metric.size() - kTruncated.size()),
          100 * share.value, arm.name));
    }
  }

  LedgerReader& ledger_;
  StudyFacts study_;
  std::vector<std::string> metrics_;
};

}  // namespace

Table EvaluationTable(LedgerReader& ledger, std::string_view study) {
  const Transaction snapshot = ledger.Snapshot();
  return TableMaker(ledger, study).Make();
}

std::string EvaluationJson(LedgerReader& ledger, std::string_view study) {
  const Transaction snapshot = ledger.Snapshot();
  return TableMaker(ledger, study).Json();
}

}  // namespace upcycle
