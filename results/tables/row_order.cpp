#include "results/tables/row_order.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "results/tables/number_text.h"

namespace upcycle {
namespace {

bool IsEmpty(const Column& column, const Cell& cell) {
  return column.notation == Notation::kText ? cell.text.empty() : std::isnan(cell.value);
}

bool IsLess(const Column& column, const Cell& a, const Cell& b) {
  if (column.notation == Notation::kText) return TextIsLess(a.text, b.text);
  return a.value < b.value;
}

}  // namespace

bool TextIsLess(const std::string& a, const std::string& b) {
  const std::optional<double> first = NumberIn(a), second = NumberIn(b);
  if (first && second) return *first < *second;
  if (first || second) return first.has_value();  // numbers before words
  return a < b;
}

void SortRows(Table* table, size_t column, bool descending) {
  const Column& key = table->columns[column];
  std::ranges::stable_sort(table->rows, [&](const auto& a, const auto& b) {
    const bool first = IsEmpty(key, a[column]), second = IsEmpty(key, b[column]);
    if (first || second) return !first && second;
    return descending ? IsLess(key, b[column], a[column]) : IsLess(key, a[column], b[column]);
  });
}

}  // namespace upcycle
