#include "results/ledger/query.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <sqlite3.h>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr int kStepsBetweenQuestions = 10000;  // of SQLite's virtual machine
constexpr int kLongestValue = 64 << 20;        // bytes
constexpr std::string_view kReadsOnly = "queries read, and change nothing";

// What tells of tables and their state, and changes nothing where it has no argument of its own.
constexpr std::array<std::string_view, 12> kReadingPragmas = {
    "table_info", "table_xinfo",  "table_list",     "index_list",      "index_info", "index_xinfo",
    "page_count", "user_version", "application_id", "compile_options", "page_size",  "quick_check"};

bool TakesATable(std::string_view pragma) {
  return pragma.starts_with("table_") || pragma.starts_with("index_");
}

// Why this may not be done; empty if it may.
std::string ReasonAgainst(int action, std::string_view first, const char* second) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return "";
    case SQLITE_FUNCTION: {
      const std::string_view function = second == nullptr ? "" : second;
      const bool reaches_out = function == "load_extension" || function == "fts3_tokenizer";
      return reaches_out ? fmt::format("the function {} is not there", function) : "";
    }
    case SQLITE_PRAGMA: {
      const bool reads = std::ranges::find(kReadingPragmas, first) != kReadingPragmas.end() &&
                         (second == nullptr || TakesATable(first));
      if (reads) return "";
      return fmt::format("of pragmas there are {}", fmt::join(kReadingPragmas, ", "));
    }
    case SQLITE_UPDATE:
      // Functions that are tables, such as pragma_table_info, declare their columns so. No
      // statement can update the schema itself.
      if (first == "sqlite_master") return "";
      return std::string(kReadsOnly);
    case SQLITE_ATTACH:
      return "no other database can be attached";
    default:
      return std::string(kReadsOnly);
  }
}

}  // namespace

void Query::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Query::Query(Database ledger, std::string sql, std::function<bool()> is_stopped)
    : ledger_(std::move(ledger)), sql_(std::move(sql)), is_stopped_(std::move(is_stopped)) {
  sqlite3* handle = ledger_.handle_.get();
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kLongestValue);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_set_authorizer(handle, Authorize, this);
  sqlite3_progress_handler(handle, kStepsBetweenQuestions, Progress, this);
  Prepare();
}

void Query::Prepare() {
  if (const size_t valid = ValidUtf8Prefix(sql_); valid < sql_.size()) {
    throw Error(Cause::kInput, fmt::format("byte {} of the SQL is not UTF-8", valid));
  }
  if (sql_.find('\0') != std::string::npos) {
    throw Error(Cause::kInput, "the SQL has a byte of 0");
  }
  sqlite3_stmt* statement = nullptr;
  const char* behind = nullptr;
  if (sqlite3_prepare_v2(ledger_.handle_.get(), sql_.c_str(), -1, &statement, &behind) !=
      SQLITE_OK) {
    Fail();
  }
  statement_.reset(statement);
  if (statement == nullptr) Refuse("there is no statement in it", -1);
  RequireOneStatement(behind);
  if (sqlite3_stmt_readonly(statement) == 0) Refuse(std::string(kReadsOnly), -1);
  if (sqlite3_bind_parameter_count(statement) > 0) {
    Refuse("nothing gives its parameters values: write them into the SQL", -1);
  }
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    columns_.emplace_back(sqlite3_column_name(statement, i));
  }
}

// Comments may follow: what is compiled of them is nothing.
void Query::RequireOneStatement(const char* behind) const {
  sqlite3_stmt* second = nullptr;
  const int code = sqlite3_prepare_v2(ledger_.handle_.get(), behind, -1, &second, nullptr);
  const bool any = code != SQLITE_OK || second != nullptr;
  sqlite3_finalize(second);
  if (any) Refuse("there is a second statement: one at a time", behind - sql_.c_str());
}

bool Query::Next(std::vector<QueryValue>& row) {
  if (is_stopped_()) throw Error(Cause::kInterrupted, "the query was ended on request");
  const int code = sqlite3_step(statement_.get());
  row.clear();
  if (code == SQLITE_DONE) return false;
  if (code != SQLITE_ROW) Fail();
  for (int i = 0; i < static_cast<int>(columns_.size()); ++i) row.push_back(ValueAt(i));
  return true;
}

QueryValue Query::ValueAt(int column) const {
  sqlite3_stmt* row = statement_.get();
  const auto bytes = [&](const void* begin) {
    const auto size = static_cast<size_t>(sqlite3_column_bytes(row, column));
    return begin == nullptr ? std::string() : std::string(static_cast<const char*>(begin), size);
  };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(row, column);
    case SQLITE_TEXT:
      return bytes(sqlite3_column_text(row, column));
    case SQLITE_BLOB:
      return Blob{bytes(sqlite3_column_blob(row, column))};
    default:
      return std::monostate();
  }
}

void Query::Fail() const {
  if (!forbidden_.empty()) Refuse(forbidden_, -1);
  sqlite3* handle = ledger_.handle_.get();
  switch (sqlite3_errcode(handle) & 0xff) {
    case SQLITE_INTERRUPT:
      throw Error(Cause::kInterrupted, "the query was ended on request");
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      Refuse(sqlite3_errmsg(handle), sqlite3_error_offset(handle));
    default:
      ledger_.Fail();
  }
}

void Query::Refuse(const std::string& what, int64_t place) const {
  std::string message = fmt::format("{}\n", what);
  if (place < 0 || place > static_cast<int64_t>(sql_.size())) {
    throw Error(Cause::kInput, message + "`upcycle query --schema` lists tables and columns");
  }
  const auto offset = static_cast<size_t>(place);
  const size_t begin = offset == 0 ? 0 : sql_.rfind('\n', offset - 1) + 1;
  const size_t end = std::min(sql_.find('\n', offset), sql_.size());
  const auto line = std::count(sql_.begin(), sql_.begin() + static_cast<ptrdiff_t>(begin), '\n');
  const size_t column = CountCharacters(std::string_view(sql_).substr(begin, offset - begin));
  if (line > 0) message += fmt::format("in line {}:\n", line + 1);
  std::string shown = sql_.substr(begin, end - begin);
  std::ranges::replace_if(shown, IsControl, ' ');
  message += fmt::format("  {}\n  {}^\n", shown, std::string(column, ' '));
  throw Error(Cause::kInput, message + "`upcycle query --schema` lists tables and columns");
}

int Query::Authorize(void* query, int action, const char* first, const char* second, const char*,
                     const char*) {
  const std::string reason = ReasonAgainst(action, first == nullptr ? "" : first, second);
  if (reason.empty()) return SQLITE_OK;
  static_cast<Query*>(query)->forbidden_ = reason;
  return SQLITE_DENY;
}

int Query::Progress(void* query) { return static_cast<Query*>(query)->is_stopped_() ? 1 : 0; }

}  // namespace upcycle
