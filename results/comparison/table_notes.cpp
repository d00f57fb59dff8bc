#include "results/comparison/table_notes.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/comparison/grid_table.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr std::string_view kLabels[] = {"Cells",
                                        "Bold",
                                        "Shown",
                                        "Grid",
                                        "Same in all rows",
                                        "Test",
                                        "Family",
                                        "Seeds",
                                        "Compute",
                                        "Parent",
                                        "Branches",
                                        "Same run",
                                        "No verdict",
                                        "Do not compare",
                                        "Missing",
                                        "Early stopping",
                                        "Baseline",
                                        "Evidence",
                                        "Differences",
                                        "Likeness",
                                        "Sign-flip, Wilcoxon",
                                        "Too few seeds",
                                        "Bootstrap",
                                        "Effect size",
                                        "Detectable",
                                        "Seeds needed",
                                        "Noise floor",
                                        "Other tests",
                                        "Disagreement"};

std::string CellsText(const Comparison& comparison) {
  const std::string interval = PercentText(comparison.table.interval);
  switch (comparison.table.cell) {
    case CellMeaning::kMeanInterval:
      return fmt::format("Mean ± half of the {} t interval over seeds", interval);
    case CellMeaning::kMeanDeviation:
      return "Mean ± standard deviation over seeds";
    case CellMeaning::kDifference:
      return fmt::format(
          "Mean difference to {}, seed by seed, ± half of its {} t interval, which is no test",
          comparison.baseline, interval);
    case CellMeaning::kMean:
      return "Mean over seeds";
  }
  return "";
}

std::vector<size_t> ShownMetrics(const Comparison& comparison) {
  if (comparison.grid) return {comparison.grid->metric};
  std::vector<size_t> shown;
  for (const TableColumn& column : comparison.columns) {
    if (column.kind == TableColumn::Kind::kMetric) shown.push_back(column.metric);
  }
  return shown;
}

// What differences are differences to.
void AddBaselineNote(const Comparison& comparison, std::vector<std::string>* notes) {
  const ArmComparison* baseline = BaselineOf(comparison);
  if (baseline == nullptr || comparison.table.cell != CellMeaning::kDifference) return;
  std::vector<std::string> values;
  for (const size_t metric : ShownMetrics(comparison)) {
    const Summary& summary = baseline->summaries[metric];
    values.push_back(fmt::format(
        "{} {}", comparison.metrics[metric],
        EstimateText(summary.mean, summary.half_width, {.digits = comparison.table.digits})));
  }
  if (values.empty()) return;
  notes->push_back(fmt::format("Baseline. {} has {}, each ± half of its t interval.",
                               baseline->name, fmt::join(values, ", ")));
}

void AddBoldNote(const Comparison& comparison, std::vector<std::string>* notes) {
  if (comparison.table.bold == BoldRule::kBest) {
    notes->push_back(
        "Bold. The best mean of a metric among the arms shown whose seeds are all there; "
        "that is no test.");
  } else if (comparison.table.bold == BoldRule::kDecided) {
    notes->push_back(fmt::format(
        "Bold. Arms of which it is decided at level {:.2g} that their {} is better than "
        "that of {}.",
        comparison.table.Level(), comparison.metrics.front(), comparison.baseline));
  }
}

void AddShownNote(const Comparison& comparison, std::vector<std::string>* notes) {
  if (comparison.where.empty()) return;
  notes->push_back(fmt::format("Shown. {} of {} arms: those with {}.", ShownArms(comparison).size(),
                               comparison.arms.size(), fmt::join(comparison.where, " and ")));
}

void AddUnchangedNote(const Comparison& comparison, std::vector<std::string>* notes) {
  if (comparison.unchanged.empty()) return;
  std::vector<std::string> settings;
  for (const std::string& path : comparison.unchanged) {
    std::string value;
    for (const ArmComparison* arm : ShownArms(comparison)) {
      if (value.empty()) value = TextAt(arm->setting_texts, path);
    }
    settings.push_back(fmt::format("{} {}", path, value.empty() ? kNotAvailable : value));
  }
  notes->push_back(fmt::format("Same in all rows. {}.", fmt::join(settings, ", ")));
}

void AddGridNote(const Comparison& comparison, std::vector<std::string>* notes) {
  if (!comparison.grid) return;
  std::string text = fmt::format("Grid. Each cell is the arm with these values of {} and {}.",
                                 comparison.grid->rows, comparison.grid->columns);
  std::vector<std::string> outside;
  for (const ArmComparison* arm : ArrangeGrid(comparison).outside) outside.push_back(arm->name);
  if (!outside.empty()) {
    text += fmt::format(" Without them, and not in the grid: {}.", fmt::join(outside, ", "));
  }
  notes->push_back(text);
}

}  // namespace

std::vector<std::string> LayoutNotes(const Comparison& comparison) {
  std::vector<std::string> notes = {
      fmt::format("Cells. {}; – is not available.", CellsText(comparison))};
  AddBaselineNote(comparison, &notes);
  AddBoldNote(comparison, &notes);
  AddShownNote(comparison, &notes);
  AddGridNote(comparison, &notes);
  AddUnchangedNote(comparison, &notes);
  return notes;
}

bool ShowsTest(const Comparison& comparison) {
  if (comparison.table.bold == BoldRule::kDecided) return true;
  return std::ranges::any_of(comparison.columns, [](const TableColumn& column) {
    return column.kind == TableColumn::Kind::kTest && column.test != TestColumn::kSeeds;
  });
}

std::span<const std::string_view> NoteLabels() { return kLabels; }

}  // namespace upcycle
