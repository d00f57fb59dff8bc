#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "results/tables/table.h"

namespace upcycle {

// Where a cell leads to, as the id of another element; empty: nowhere.
using LinkOfCell = std::function<std::string(size_t row, size_t column)>;

struct HtmlTableStyle {
  std::string id = {};
  size_t names = 1;  // columns at the left that name the row
  // " ± 0.004" is an element of its own, of class "sN": N characters has the widest of its column,
  // so that a style can set values one below the other.
  // Titles of columns may be broken behind / . and _ then.
  bool spreads_apart = false;
  LinkOfCell link = {};
};

// The table alone, with its caption. Columns of numbers have the class "number", tones their own:
// "good", "bad", "faint".
std::string HtmlTable(const Table& table, const HtmlTableStyle& style = {});

// A section with a caption, the table and its notes, and the style it needs, which touches nothing
// else: for a page that exists. It asks for nothing from anywhere, is readable in light and dark,
// and where it is too narrow the table scrolls below its caption, the rows' names staying.
std::string ToHtmlFragment(const Table& table);

// The same as a page of its own, tables one below another, at least one.
std::string ToHtml(const std::vector<Table>& tables);

}  // namespace upcycle
