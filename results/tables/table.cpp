#include "results/tables/table.h"

#include <algorithm>

#include "core/check.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {

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
