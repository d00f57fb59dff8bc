#include "results/tables/table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/check.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

std::string RangeCellText(const Cell& cell) {
  const std::string range = RangeText(cell.low, cell.high);
  return cell.text.empty() ? range : fmt::format("{} {}", range, cell.text);
}

std::string EstimateRangeText(const Column& column, const Cell& cell) {
  // Beside its range, what is left of 0 by rounding is 0.
  const bool is_zero = std::fabs(cell.value) < 1e-9 * (cell.high - cell.low);
  const std::string value =
      EstimateText(is_zero ? 0 : cell.value, std::numeric_limits<double>::quiet_NaN(),
                   {.digits = column.digits});
  if (!std::isfinite(cell.low) || !std::isfinite(cell.high)) return value;
  const std::string range = RangeText(cell.low, cell.high);
  return std::isfinite(cell.value) ? fmt::format("{} ({})", value, range) : range;
}

}  // namespace

std::string CellText(const Column& column, const Cell& cell) {
  switch (column.notation) {
    case Notation::kText:
      return cell.text.empty() ? kNotAvailable : cell.text;
    case Notation::kEstimate:
      return EstimateText(cell.value, cell.half_width, {.digits = column.digits});
    case Notation::kSignedEstimate:
      return EstimateText(cell.value, cell.half_width, {.plus = true, .digits = column.digits});
    case Notation::kProbability:
      return ProbabilityText(cell.value);
    case Notation::kCount:
      return CountText(cell.value);
    case Notation::kScientific:
      return ScientificText(cell.value);
    case Notation::kSignedPercent:
      return SignedPercentText(cell.value);
    case Notation::kRange:
      return RangeCellText(cell);
    case Notation::kEstimateRange:
      return EstimateRangeText(column, cell);
  }
  return kNotAvailable;
}

bool IsRightAligned(const Column& column) {
  return column.right || column.notation != Notation::kText;
}

std::string Padded(const std::string& text, size_t width, bool right_aligned) {
  const size_t taken = ColumnsOf(text);
  const std::string blanks(width > taken ? width - taken : 0, ' ');
  return right_aligned ? blanks + text : text + blanks;
}

std::vector<std::vector<std::string>> CellTexts(const Table& table) {
  std::vector<std::vector<std::string>> texts;
  for (const auto& row : table.rows) {
    UPCYCLE_CHECK_EQ(row.size(), table.columns.size());
    std::vector<std::string> line;
    for (size_t i = 0; i < row.size(); ++i) line.push_back(CellText(table.columns[i], row[i]));
    texts.push_back(std::move(line));
  }
  return texts;
}

std::vector<size_t> ColumnWidths(const Table& table,
                                 const std::vector<std::vector<std::string>>& texts) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    size_t width = ColumnsOf(table.columns[i].title);
    for (const auto& line : texts) width = std::max(width, ColumnsOf(line[i]));
    widths.push_back(width);
  }
  return widths;
}

}  // namespace upcycle
