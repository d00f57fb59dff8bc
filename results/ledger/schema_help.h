// What the ledger's columns mean: for `upcycle query --schema` and for results/README.md, which a
// test holds to this text, and this text to the tables.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

struct ColumnHelp {
  std::string_view table;
  std::string_view columns;  // one or several, "name, description"
  std::string_view meaning;  // as Markdown
};

// Table by table; every column once.
std::span<const ColumnHelp> LedgerColumns();

// As a table of Markdown, in which a table's name stands once.
std::string LedgerColumnsMarkdown();
// For terminals, wrapped to `width` columns (0: not).
std::string LedgerColumnsText(size_t width);
// [{"table", "column", "meaning"}], one for each column.
nlohmann::json LedgerColumnsJson();

}  // namespace upcycle
