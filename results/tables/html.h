#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/tables/table.h"

namespace upcycle {

// A section with a caption, the table and its notes, and the style it needs, which touches nothing
// else: for a page that exists. It asks for nothing from anywhere, is readable in light and dark,
// and where it is too narrow the table scrolls below its caption, the rows' names staying.
std::string ToHtmlFragment(const Table& table);

// The same as a page of its own, tables one below another, at least one.
std::string ToHtml(const std::vector<Table>& tables);

// Text that HTML does not take for markup, in contents and in quoted attributes, on one line; � for
// what is not UTF-8.
std::string HtmlEscaped(const std::string& text);

}  // namespace upcycle
