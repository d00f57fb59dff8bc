#include <algorithm>

#include "core/error.h"
#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

// RFC 4180, lines ended by CR LF or LF.
std::vector<CommittedTable::Row> RecordsOf(std::string_view text) {
  std::vector<CommittedTable::Row> records;
  int64_t line = 1;
  bool quoted = false, in_record = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_record) records.push_back({line, {""}});
    in_record = true;
    std::string& field = records.back().cells.back();
    if (c == '\n') ++line;
    if (quoted) {
      const bool doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
      if (c != '"' || doubled) field += c;
      if (doubled) ++i;
      if (c == '"' && !doubled) quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      records.back().cells.emplace_back();
    } else if (c == '\n') {
      in_record = false;
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted) throw Error(Cause::kInput, "this is no CSV: a quote stays open");
  return records;
}

}  // namespace

std::vector<CommittedTable> ReadCsvTables(std::string_view document) {
  std::vector<CommittedTable::Row> records = RecordsOf(document);
  std::vector<CommittedTable> tables;
  if (records.empty() || records.front().cells.front() != "study") return tables;
  const auto without_study = [](const std::vector<std::string>& cells) {
    return std::vector<std::string>(cells.begin() + 1, cells.end());
  };
  for (size_t i = 1; i < records.size(); ++i) {
    const std::string& study = records[i].cells.front();
    const auto same = [&](const CommittedTable& table) { return table.study == study; };
    auto table = std::ranges::find_if(tables, same);
    if (table == tables.end()) {
      CommittedTable begun;
      begun.line = records[i].line;
      begun.study = study;
      begun.columns = without_study(records.front().cells);
      table = tables.insert(tables.end(), std::move(begun));
    }
    table->rows.push_back({records[i].line, without_study(records[i].cells)});
  }
  return tables;
}

}  // namespace upcycle
