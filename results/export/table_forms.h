// The forms in which a comparison is exported.
#pragma once

#include <string>
#include <vector>

#include "core/enum_names.h"
#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

enum class TableForm { kMarkdown, kCsv, kLatex, kHtml, kHtmlFragment, kJson };
template <>
struct EnumNames<TableForm> {
  static constexpr EnumName<TableForm> values[] = {
      {TableForm::kMarkdown, "markdown", "a heading, a table, notes"},
      {TableForm::kCsv, "csv", "every number in full precision"},
      {TableForm::kLatex, "latex", "a table environment with booktabs' rules"},
      {TableForm::kHtml, "html", "a page"},
      {TableForm::kHtmlFragment, "html-fragment", "a section for a page"},
      {TableForm::kJson, "json", "the table and all that is behind it"},
  };
};

// That of its arms, and that of the evidence where it was asked for.
std::vector<Table> TablesOf(const Comparison& comparison);

// Of several tables CSV has the last one, as a file of it holds one. Its bytes are a function of
// the results alone.
std::string Written(const Comparison& comparison, TableForm form);

}  // namespace upcycle
