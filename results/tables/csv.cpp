#include "results/tables/csv.h"

#include <cmath>

#include <fmt/format.h>

namespace upcycle {
namespace {

std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// The shortest digits that give the same number again.
std::string Exact(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

bool HasSpread(const Column& column) {
  return !column.spread.empty() &&
         (column.notation == Notation::kEstimate || column.notation == Notation::kSignedEstimate);
}

// Of fields that are quoted.
std::string Line(const std::vector<std::string>& fields) {
  return fmt::format("{}\r\n", fmt::join(fields, ","));
}

}  // namespace

std::string CsvLine(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  for (const std::string& field : fields) quoted.push_back(Quoted(field));
  return Line(quoted);
}

std::string ToCsv(const Table& table) {
  std::vector<std::string> names;
  if (!table.study.empty()) names.emplace_back("study");
  for (const Column& column : table.columns) {
    names.push_back(Quoted(column.key));
    if (HasSpread(column)) names.push_back(Quoted(column.key + " " + column.spread));
  }
  std::string text = Line(names);
  for (const auto& row : table.rows) {
    std::vector<std::string> fields;
    if (!table.study.empty()) fields.push_back(Quoted(table.study));
    for (size_t i = 0; i < row.size(); ++i) {
      const bool is_text = table.columns[i].notation == Notation::kText;
      fields.push_back(is_text ? Quoted(row[i].text) : Exact(row[i].value));
      if (HasSpread(table.columns[i])) fields.push_back(Exact(row[i].half_width));
    }
    text += Line(fields);
  }
  return text;
}

}  // namespace upcycle
