// Comma-separated values as RFC 4180 has them: fields may be quoted, and a quoted field may hold
// commas, line ends and doubled quotes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

struct CsvRow {
  std::vector<std::string> fields;
  int64_t line = 0;  // where it begins, from 1
};

// The rows of `text`; lines that are empty are left out. `name` is what messages call the text.
// Throws Error(kInput) with the line for a quote that is never closed and for text behind one.
std::vector<CsvRow> ParseCsv(std::string_view text, std::string_view name);

// One row with its line end; fields are quoted where they must be.
std::string FormatCsvRow(const std::vector<std::string>& fields);

}  // namespace upcycle
