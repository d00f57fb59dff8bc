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

bool HasRange(const Column& column) {
  return column.notation == Notation::kRange || column.notation == Notation::kEstimateRange;
}

std::vector<std::string> NamesOf(const Column& column) {
  const std::string& key = column.key;
  if (column.notation == Notation::kRange) return {key + " low", key + " high", key + " remark"};
  if (column.notation == Notation::kEstimateRange) return {key, key + " low", key + " high"};
  if (HasSpread(column)) return {key, key + " " + column.spread};
  return {key};
}

std::vector<std::string> FieldsOf(const Column& column, const Cell& cell) {
  if (column.notation == Notation::kText) return {cell.text};
  std::vector<std::string> fields;
  if (column.notation != Notation::kRange) fields.push_back(Exact(cell.value));
  if (HasSpread(column)) fields.push_back(Exact(cell.half_width));
  if (HasRange(column)) fields.insert(fields.end(), {Exact(cell.low), Exact(cell.high)});
  if (column.notation == Notation::kRange) fields.push_back(cell.text);
  return fields;
}

}  // namespace

std::string CsvLine(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  for (const std::string& field : fields) quoted.push_back(Quoted(field));
  return fmt::format("{}\r\n", fmt::join(quoted, ","));
}

std::string ToCsv(const Table& table) {
  std::vector<std::string> names;
  if (!table.study.empty()) names.emplace_back("study");
  for (const Column& column : table.columns) {
    for (std::string& name : NamesOf(column)) names.push_back(std::move(name));
  }
  std::string text = CsvLine(names);
  for (const auto& row : table.rows) {
    std::vector<std::string> fields;
    if (!table.study.empty()) fields.push_back(table.study);
    for (size_t i = 0; i < row.size(); ++i) {
      for (std::string& field : FieldsOf(table.columns[i], row[i])) {
        fields.push_back(std::move(field));
      }
    }
    text += CsvLine(fields);
  }
  return text;
}

}  // namespace upcycle
