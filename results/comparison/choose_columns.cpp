#include "results/comparison/choose_columns.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/spelling.h"
#include "core/text.h"
#include "results/comparison/metric_families.h"

namespace upcycle {
namespace {

using Kind = TableColumn::Kind;

constexpr const char* kExpertMetrics[] = {"moe/dropped_share", "moe/load_entropy",
                                          "moe/dead_experts", "moe/parent_cosine"};
constexpr TestColumn kTests[] = {TestColumn::kDifference, TestColumn::kAdjustedP,
                                 TestColumn::kVerdict};

// "validation/books/loss" is the loss on one held-out set, "validation/loss" that on all of them.
bool IsLossOfOneSet(const std::string& metric) {
  constexpr std::string_view kBegin = "validation/", kEnd = "/loss";
  return metric.size() > kBegin.size() + kEnd.size() && metric.starts_with(kBegin) &&
         metric.ends_with(kEnd);
}

// "mmlu/accuracy"; "mmlu/anatomy/accuracy" is that of one subject of many.
bool IsAccuracyOfAll(const std::string& metric) {
  return metric.ends_with("/accuracy") && std::ranges::count(metric, '/') == 1;
}

// With one held-out set alone its loss and that on all of them are the same: of the two, the one
// that is the study's own metric stays, else the one on all.
void LeaveOutRepeatedLoss(std::vector<std::string>* metrics) {
  if (std::ranges::count_if(*metrics, IsLossOfOneSet) != 1) return;
  const auto all = std::ranges::find(*metrics, "validation/loss");
  if (all == metrics->end()) return;
  const auto one = std::ranges::find_if(*metrics, IsLossOfOneSet);
  metrics->erase(one == metrics->begin() ? all : one);
}

std::string ListOf(const std::vector<std::string>& words) {
  constexpr size_t kMostNamed = 40;
  return words.empty() ? "none" : FirstNames(words, kMostNamed);
}

class Chooser {
 public:
  Chooser(LedgerReader& ledger, const StudyFacts& study, bool known_only, Comparison* comparison)
      : ledger_(ledger), study_(study), known_only_(known_only), comparison_(comparison) {}

  void Choose() {
    TableSpec& table = comparison_->table;
    RefuseSystemMetric(study_.metric);
    std::vector<const SettingTexts*> all;
    for (const ArmComparison& arm : comparison_->arms) all.push_back(&arm.setting_texts);
    const std::vector<std::string> paths = PathsIn(all);
    settings_ = {paths.begin(), paths.end()};
    const std::vector<std::string> changed = ChangedPaths(SettingsOf(ShownArms(*comparison_)));
    changed_ = {changed.begin(), changed.end()};
    if (table.rows != "arm") RequireSetting(table.rows);
    if (table.columns.empty()) {
      ChooseUsual();
    } else {
      for (const std::string& name : table.columns) Add(name);
      if (IsGrid()) return BecomeGrid();
    }
    if (table.only_changed) ShowOnlyChanged();
    if (table.rows != "arm") {
      std::erase_if(columns(),
                    [&](const TableColumn& column) { return column.name == table.rows; });
      columns().insert(columns().begin(), {.kind = Kind::kSetting, .name = table.rows});
    }
  }

 private:
  std::vector<TableColumn>& columns() { return comparison_->columns; }

  void RequireSetting(const std::string& path) const {
    if (!known_only_ || settings_.contains(path)) return;
    const std::vector<std::string> known(settings_.begin(), settings_.end());
    throw Error(
        Cause::kInput,
        fmt::format("no arm has a setting \"{}\"{} Those that differ between "
                    "arms are {}",
                    path, DidYouMean(path, known), ListOf({changed_.begin(), changed_.end()})));
  }

  size_t MetricAt(const std::string& name) {
    std::vector<std::string>& metrics = comparison_->metrics;
    const auto found = std::ranges::find(metrics, name);
    if (found != metrics.end()) return static_cast<size_t>(found - metrics.begin());
    metrics.push_back(name);
    return metrics.size() - 1;
  }

  void AddMetric(const std::string& name) {
    columns().push_back({.kind = Kind::kMetric, .name = name, .metric = MetricAt(name)});
  }
  void AddCost(CostColumn cost) {
    columns().push_back({.kind = Kind::kCost, .name = std::string(NameOf(cost)), .cost = cost});
  }
  void AddTest(TestColumn test) {
    columns().push_back({.kind = Kind::kTest, .name = std::string(NameOf(test)), .test = test});
  }

  void Add(const std::string& name) {
    const auto same = [&](const TableColumn& column) { return column.name == name; };
    if (name == "arm" || std::ranges::any_of(columns(), same)) return;
    if (const auto test = ValueNamed<TestColumn>(name)) return AddTest(*test);
    if (const auto cost = ValueNamed<CostColumn>(name)) return AddCost(*cost);
    if (IsSetting(name)) {
      columns().push_back({.kind = Kind::kSetting, .name = name});
      return;
    }
    RequireMetric(name);
    AddMetric(name);
  }

  // A recipe's column may be one that no arm has now, as all of them are dense.
  bool IsSetting(const std::string& name) const {
    if (settings_.contains(name)) return true;
    return !known_only_ && name.find('.') != name.npos && name.find('/') == name.npos;
  }

  void RefuseSystemMetric(const std::string& name) const {
    if (!IsSystemMetric(name)) return;
    throw Error(Cause::kInput, fmt::format("the study \"{}\" compares {}, which depends on clock "
                                           "and machine: a comparison shows results only",
                                           study_.name, name));
  }

  // What tables show without having been asked, recorded or not, and what the recipe asks for.
  bool IsOfTheUsual(const std::string& name) const {
    const std::vector<std::string>& listed = study_.table.columns;
    return std::ranges::find(kExpertMetrics, name) != std::end(kExpertMetrics) ||
           std::ranges::find(listed, name) != listed.end();
  }

  void RequireMetric(const std::string& name) const {
    RefuseSystemMetric(name);
    if (!known_only_ || name == study_.metric || IsOfTheUsual(name)) return;
    const std::vector<std::string> recorded = ledger_.RecordedMetrics(study_);
    if (std::ranges::find(recorded, name) != recorded.end()) return;
    // Shown where nobody chose, whether some run has recorded them yet or not.
    if (std::ranges::find(kExpertMetrics, name) != std::end(kExpertMetrics)) return;
    std::vector<std::string> known = recorded;
    known.insert(known.end(), settings_.begin(), settings_.end());
    std::vector<std::string> words;
    for (const auto& test : EnumNames<TestColumn>::values) words.emplace_back(test.name);
    for (const auto& cost : EnumNames<CostColumn>::values) words.emplace_back(cost.name);
    known.insert(known.end(), words.begin(), words.end());
    throw Error(
        Cause::kInput,
        fmt::format("there is no column \"{}\"{}\nmetrics: {}\ntest and costs: {}\nsettings that "
                    "differ between arms: {}",
                    name, DidYouMean(name, known), ListOf(MetricFamilies(recorded)), ListOf(words),
                    ListOf({changed_.begin(), changed_.end()})));
  }

  void ChooseUsual() {
    std::vector<std::string>& metrics = comparison_->metrics;
    for (const std::string& name : ledger_.ResultNames(study_)) {
      if (IsSystemMetric(name)) continue;
      if (name.ends_with("/loss") || IsAccuracyOfAll(name)) MetricAt(name);
    }
    LeaveOutRepeatedLoss(&metrics);
    const bool experts = std::ranges::any_of(
        comparison_->arms, [](const ArmComparison& arm) { return arm.cost.experts > 0; });
    if (experts) {
      for (const char* name : kExpertMetrics) MetricAt(name);
    }
    AddTest(TestColumn::kSeeds);
    AddMetric(metrics.front());
    if (!comparison_->baseline.empty()) {
      for (const TestColumn test : kTests) {
        const bool repeats =
            test == TestColumn::kDifference && comparison_->table.cell == CellMeaning::kDifference;
        if (!repeats) AddTest(test);
      }
    }
    for (size_t i = 1; i < metrics.size(); ++i) AddMetric(metrics[i]);
    for (const auto& cost : EnumNames<CostColumn>::values) AddCost(cost.value);
  }

  int64_t CountOf(Kind kind) {
    return std::ranges::count_if(columns(),
                                 [&](const auto& column) { return column.kind == kind; });
  }

  // One setting against another, and at most one metric.
  bool IsGrid() {
    if (comparison_->table.rows == "arm" || CountOf(Kind::kSetting) != 1) return false;
    return static_cast<size_t>(1 + CountOf(Kind::kMetric)) == columns().size() &&
           columns().size() <= 2;
  }

  void BecomeGrid() {
    Grid grid = {.rows = comparison_->table.rows, .columns = "", .metric = 0};
    for (const TableColumn& column : columns()) {
      if (column.kind == Kind::kSetting) grid.columns = column.name;
      if (column.kind == Kind::kMetric) grid.metric = column.metric;
    }
    columns().clear();
    comparison_->grid = grid;
  }

  // Those that differ stand in front of all others.
  void ShowOnlyChanged() {
    std::vector<TableColumn> shown;
    for (const std::string& path : changed_) {
      if (path != comparison_->table.rows) shown.push_back({.kind = Kind::kSetting, .name = path});
    }
    for (TableColumn& column : columns()) {
      if (column.kind != Kind::kSetting) {
        shown.push_back(std::move(column));
      } else if (!changed_.contains(column.name)) {
        comparison_->unchanged.push_back(column.name);
      }
    }
    columns() = std::move(shown);
  }

  LedgerReader& ledger_;
  const StudyFacts& study_;
  const bool known_only_;
  Comparison* comparison_;
  std::set<std::string> settings_;  // that some arm has
  std::set<std::string> changed_;   // in which two arms that are shown differ
};

}  // namespace

void ChooseColumns(LedgerReader& ledger, const StudyFacts& study, bool known_only,
                   Comparison* comparison) {
  Chooser(ledger, study, known_only, comparison).Choose();
}

}  // namespace upcycle
