// `upcycle query SQL`: what the ledger says, in the words of whoever asks.

#include <algorithm>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/stop_signals.h"
#include "core/utf8.h"
#include "results/ledger/ledger.h"
#include "results/ledger/query.h"
#include "results/ledger/schema_help.h"
#include "results/tables/csv.h"
#include "results/tables/table.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr size_t kLongestSql = 1 << 20;
// Of a table for people, whose columns are as wide as their widest cell.
constexpr size_t kMostRows = 10000;
constexpr size_t kWidestCell = 80;

struct QueryOptions {
  std::string sql;
  StateOptions state;
  bool schema = false;
  bool csv = false;
  bool json = false;
};

QueryOptions ParseOptions(const Arguments& arguments) {
  QueryOptions options;
  CommandLine line("query SQL [options]",
                   "Runs one SELECT on the ledger, a SQLite database, and changes nothing.");
  line.OptionalPositional("SQL", &options.sql, "the statement; -: from standard input");
  options.state.Declare(line);
  line.Flag("schema", &options.schema, "the tables, their columns and what they mean, instead");
  line.Flag("csv", &options.csv, "as CSV, every cell whole");
  line.Flag("json", &options.json, "as JSON: the columns' names, and rows of values");
  line.Parse(arguments);
  if (options.csv && options.json) throw Error(Cause::kInput, "choose one of --csv and --json");
  if (options.sql.empty() && !options.schema) {
    throw Error(Cause::kInput,
                "the SQL is missing, as in `upcycle query \"SELECT name, metric FROM study\"`; "
                "--schema lists what there is to ask for");
  }
  if (options.sql == "-") options.sql = ReadTextFile("/dev/stdin", kLongestSql);
  return options;
}

void PrintSchema(const QueryOptions& options) {
  if (options.csv) throw Error(Cause::kInput, "--schema is text, or JSON with --json");
  if (options.json) {
    fmt::print("{}\n", LedgerColumnsJson().dump(2));
  } else {
    fmt::print("{}", LedgerColumnsText(LayoutOfOutput().width));
  }
}

std::string HexText(const std::string& bytes) {
  std::string text = "X'";
  for (const char byte : bytes) text += fmt::format("{:02X}", static_cast<unsigned char>(byte));
  return text + "'";
}

// The shortest digits that give the same number again, with a point where it could be an integer.
std::string RealText(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

struct TextOf {
  std::string null;
  std::string operator()(std::monostate) const { return null; }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return RealText(value); }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const Blob& blob) const { return HexText(blob.bytes); }
};

struct JsonOf {
  json operator()(std::monostate) const { return nullptr; }
  json operator()(int64_t value) const { return value; }
  json operator()(double value) const { return value; }  // an infinity becomes null
  json operator()(const std::string& text) const { return text; }
  json operator()(const Blob& blob) const { return HexText(blob.bytes); }
};

// Throws where nobody reads any more: the rest need not be found.
void Deliver() {
  if (std::fflush(stdout) != 0) {
    throw std::system_error(errno, std::generic_category(), "standard output");
  }
}

void PrintCsv(Query& query) {
  fmt::print("{}", CsvLine(query.columns()));
  std::vector<std::string> fields;
  for (std::vector<QueryValue> row; query.Next(row);) {
    fields.clear();
    for (const QueryValue& value : row) fields.push_back(std::visit(TextOf{""}, value));
    fmt::print("{}", CsvLine(fields));
  }
}

void PrintJson(Query& query) {
  const auto text = [](const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  fmt::print("{{\"columns\": {},\n \"rows\": [", text(query.columns()));
  const char* between = "\n  ";
  for (std::vector<QueryValue> row; query.Next(row);) {
    json values = json::array();
    for (const QueryValue& value : row) values.push_back(std::visit(JsonOf(), value));
    fmt::print("{}{}", between, text(values));
    between = ",\n  ";
  }
  fmt::print("]}}\n");
}

// Columns as wide as their widest cell; numbers stand at the right.
class AlignedTable {
 public:
  explicit AlignedTable(const std::vector<std::string>& columns)
      : is_text_(columns.size()), widths_(columns.size()) {
    AddLine(columns);
  }

  size_t rows() const { return lines_.size() - 1; }
  bool is_cut() const { return is_cut_; }

  void Add(const std::vector<QueryValue>& row) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < row.size(); ++i) {
      is_text_[i] = is_text_[i] || std::holds_alternative<std::string>(row[i]);
      cells.push_back(std::visit(TextOf{"NULL"}, row[i]));
    }
    AddLine(cells);
  }

  void Print() const {
    for (size_t line = 0; line < lines_.size(); ++line) {
      PrintLine(lines_[line]);
      if (line == 0) PrintRule();
    }
  }

 private:
  void AddLine(const std::vector<std::string>& cells) {
    std::vector<std::string> line;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string cell = Printable(cells[i]);
      if (CountCharacters(cell) > kWidestCell) {
        cell = cell.substr(0, BytesOfCharacters(cell, kWidestCell - 1)) + "…";
        is_cut_ = true;
      }
      widths_[i] = std::max(widths_[i], ColumnsOf(cell));
      line.push_back(std::move(cell));
    }
    lines_.push_back(std::move(line));
  }

  void PrintLine(const std::vector<std::string>& cells) const {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      text += (i == 0 ? "" : "  ") + Padded(cells[i], widths_[i], !is_text_[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }

  void PrintRule() const {
    std::string text;
    for (size_t i = 0; i < widths_.size(); ++i) {
      text += (i == 0 ? "" : "  ") + std::string(widths_[i], '-');
    }
    fmt::print("{}\n", text);
  }

  std::vector<std::vector<std::string>> lines_;  // the titles first
  std::vector<bool> is_text_;
  std::vector<size_t> widths_;
  bool is_cut_ = false;
};

void PrintTable(Query& query) {
  AlignedTable table(query.columns());
  bool more = false;
  for (std::vector<QueryValue> row; query.Next(row);) {
    more = table.rows() == kMostRows;
    if (more) break;
    table.Add(row);
  }
  table.Print();
  if (more) fmt::print(stderr, "there are more than these {} rows: --csv has all\n", kMostRows);
  if (table.is_cut()) {
    fmt::print(stderr, "cells end at {} characters: --csv has them whole\n", kWidestCell);
  }
}

}  // namespace

int QueryCommand(const Arguments& arguments) {
  const QueryOptions options = ParseOptions(arguments);
  if (options.schema) {
    PrintSchema(options);
    return kExitDone;
  }
  StopSignals stop;
  Query query(OpenLedgerForReading(options.state.Ledger()), options.sql,
              [&] { return stop.Requests() > 0; });
  if (options.csv) {
    PrintCsv(query);
  } else if (options.json) {
    PrintJson(query);
  } else {
    PrintTable(query);
  }
  Deliver();
  return kExitDone;
}

}  // namespace upcycle
