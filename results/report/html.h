// Pieces of a page. Every text that is given stays text, whatever it says: only what these
// functions write themselves is markup, and no piece has a style or an address of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "results/tables/html.h"

namespace upcycle::html {

// As contents or within a quoted attribute.
std::string Text(std::string_view text);

// As elements of their own.
std::string Paragraph(std::string_view text);
std::string Heading(std::string_view text);  // below that of a section
std::string Code(std::string_view text);     // in a line
std::string Note(std::string_view note);     // "Test. Verdicts are …", its topic set off
std::string Block(std::string_view text);    // lines as they are, which scroll in their box
std::string List(const std::vector<std::string>& items);  // of pieces, not of texts

// What opens when it is asked to; `body` is a piece.
std::string Details(std::string_view summary, std::string_view body);

// With these columns and no rows yet.
Table EmptyTable(std::string title, std::vector<Column> columns);

struct TableStyle {
  std::string id = {};
  size_t names = 1;    // columns at the left that name the row
  bool notes = false;  // the table's notes below it
  LinkOfCell link = {};
};
// In a box that scrolls where the page is too narrow.
std::string TableOf(const Table& table, const TableStyle& style = {});

}  // namespace upcycle::html
