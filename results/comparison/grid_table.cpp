#include "results/comparison/grid_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "results/comparison/metric_cells.h"
#include "results/tables/number_text.h"
#include "results/tables/row_order.h"

namespace upcycle {
namespace {

// Each once; words in the order in which arms have them.
std::vector<std::string> ValuesOf(const std::vector<const ArmComparison*>& arms,
                                  const std::string& path) {
  std::vector<std::string> values;
  for (const ArmComparison* arm : arms) {
    const std::string value = TextAt(arm->setting_texts, path);
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  }
  const bool numbers = std::ranges::all_of(
      values, [](const std::string& value) { return NumberIn(value).has_value(); });
  if (numbers) std::ranges::sort(values, TextIsLess);
  return values;
}

size_t PlaceOf(const std::vector<std::string>& values, const std::string& value) {
  return static_cast<size_t>(std::ranges::find(values, value) - values.begin());
}

[[noreturn]] void RefuseTwo(const Grid& grid, const ArmComparison& one, const ArmComparison& two) {
  const std::vector<std::string> apart = ChangedPaths({&one.setting_texts, &two.setting_texts});
  throw Error(
      Cause::kInput,
      fmt::format("a cell of the grid of {} and {} shows one arm, and \"{}\" and \"{}\" are "
                  "both in one; --where can leave arms out by {}",
                  grid.rows, grid.columns, one.name, two.name,
                  apart.empty() ? "arm" : fmt::format("{}", fmt::join(apart, ", "))));
}

}  // namespace

GridArms ArrangeGrid(const Comparison& comparison) {
  const Grid& grid = *comparison.grid;
  GridArms arranged;
  std::vector<const ArmComparison*> inside;
  for (const ArmComparison* arm : ShownArms(comparison)) {
    const bool has_both =
        arm->setting_texts.contains(grid.rows) && arm->setting_texts.contains(grid.columns);
    (has_both ? inside : arranged.outside).push_back(arm);
  }
  arranged.rows = ValuesOf(inside, grid.rows);
  arranged.columns = ValuesOf(inside, grid.columns);
  arranged.arms.assign(arranged.rows.size(),
                       std::vector<const ArmComparison*>(arranged.columns.size(), nullptr));
  for (const ArmComparison* arm : inside) {
    const size_t row = PlaceOf(arranged.rows, TextAt(arm->setting_texts, grid.rows));
    const size_t column = PlaceOf(arranged.columns, TextAt(arm->setting_texts, grid.columns));
    if (arranged.arms[row][column] != nullptr) {
      RefuseTwo(grid, *arranged.arms[row][column], *arm);
    }
    arranged.arms[row][column] = arm;
  }
  return arranged;
}

Table GridTableOf(const Comparison& comparison) {
  const Grid& grid = *comparison.grid;
  const GridArms arranged = ArrangeGrid(comparison);
  const std::string& metric = comparison.metrics[grid.metric];
  Table table;
  table.columns.push_back({grid.rows, grid.rows, Notation::kText});
  for (const std::string& value : arranged.columns) {
    const std::string setting = fmt::format("{}={}", grid.columns, value);
    table.columns.push_back(
        MetricColumn(comparison, setting, fmt::format("{}[{}]", metric, setting)));
  }
  std::vector<const ArmComparison*> arms;
  for (const auto& row : arranged.arms) {
    for (const ArmComparison* arm : row) {
      if (arm != nullptr) arms.push_back(arm);
    }
  }
  const std::vector<bool> bold = BoldCells(comparison, arms, grid.metric);
  size_t next = 0;
  for (size_t r = 0; r < arranged.rows.size(); ++r) {
    std::vector<Cell> cells = {{.text = arranged.rows[r]}};
    for (const ArmComparison* arm : arranged.arms[r]) {
      cells.push_back(arm != nullptr ? MetricCell(comparison, *arm, grid.metric) : Cell{});
      if (arm != nullptr) cells.back().bold = bold[next++];
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace upcycle
