#include "results/ledger/database.h"

#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <sqlite3.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

// How long a reader or the writer waits for a lock that another process holds for a moment.
constexpr int kBusyTimeoutMilliseconds = 20000;

struct Remedy {
  Cause cause;
  std::string_view advice;
};

Remedy RemedyFor(int extended_code) {
  if (extended_code == SQLITE_IOERR_NOMEM) return {Cause::kMemory, "run fewer workers at once"};
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return {Cause::kDisk,
              "free some space or choose another --root, then run the same command again"};
    case SQLITE_IOERR:
      return {Cause::kDisk,
              "the file system failed or forbids a file this large; look at free space, quota and "
              "limits, then run the same command again"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Cause::kDisk, "check the permissions, or choose a --root that can be written"};
    case SQLITE_CANTOPEN:
      return {Cause::kDisk,
              "check that its folder exists and its permissions, or choose another --root"};
    case SQLITE_NOTADB:
      return {Cause::kInput,
              "it is not an upcycle ledger: choose another --root, or move the file away"};
    case SQLITE_CORRUPT:
      return {Cause::kInput,
              "it is truncated or damaged: `upcycle rebuild` makes it again from the journals"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Cause::kInput, "another process is writing it: one writer at a time per --root"};
    case SQLITE_NOMEM:
      return {Cause::kMemory, "run fewer workers at once"};
    default:
      return {Cause::kBug, ""};
  }
}

Error SqliteError(sqlite3* handle, const fs::path& path) {
  const int code = sqlite3_extended_errcode(handle);
  const Remedy remedy = RemedyFor(code);
  std::string message =
      fmt::format("cannot use the database {}: {}", path.native(), sqlite3_errmsg(handle));
  const int error_number = sqlite3_system_errno(handle);
  const int kind = code & 0xff;
  if (error_number != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN)) {
    message += fmt::format(" ({})", std::strerror(error_number));
  }
  if (!remedy.advice.empty()) message += fmt::format("; {}", remedy.advice);
  return Error(remedy.cause, message);
}

// A file: address for the path, so that '?', '#' and '%' in it are not taken for something else.
std::string AddressOf(const fs::path& path, std::string_view query) {
  const fs::path absolute = fs::absolute(path);
  std::string address = "file://";
  for (const char c : absolute.native()) {
    if (c == '?' || c == '#' || c == '%') {
      address += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      address += c;
    }
  }
  return address.append(query);
}

int FlagsOf(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kRead:
    case Database::Mode::kSnapshot:
      return SQLITE_OPEN_READONLY;
    case Database::Mode::kWrite:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

std::string_view BeginOf(Transaction::Kind kind) {
  switch (kind) {
    case Transaction::Kind::kRead:
      return "BEGIN";
    case Transaction::Kind::kWrite:
      return "BEGIN IMMEDIATE";
    case Transaction::Kind::kExclusive:
      return "BEGIN EXCLUSIVE";
  }
  return "BEGIN";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(const Database& database, std::string_view sql) : path_(database.path_.get()) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         &statement, nullptr) != SQLITE_OK) {
    database.Fail();
  }
  handle_.reset(statement);
}

void Statement::Fail() const { throw SqliteError(sqlite3_db_handle(handle_.get()), *path_); }

void Statement::BindInt(int parameter, int64_t value) {
  if (sqlite3_bind_int64(handle_.get(), parameter + 1, value) != SQLITE_OK) Fail();
}

void Statement::BindReal(int parameter, double value) {
  if (sqlite3_bind_double(handle_.get(), parameter + 1, value) != SQLITE_OK) Fail();
}

void Statement::BindText(int parameter, std::string_view value) {
  // A null pointer would bind NULL, and an empty text is not NULL.
  const char* text = value.empty() ? "" : value.data();
  if (sqlite3_bind_text(handle_.get(), parameter + 1, text, static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK) {
    Fail();
  }
}

void Statement::BindNull(int parameter) {
  if (sqlite3_bind_null(handle_.get(), parameter + 1) != SQLITE_OK) Fail();
}

bool Statement::Step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    const Error error = SqliteError(sqlite3_db_handle(handle_.get()), *path_);
    Reset();
    throw error;
  }
  Reset();
  return false;
}

void Statement::Run() {
  while (Step()) {
  }
}

// Resetting reports the statement's own last error again, which Step has thrown already.
void Statement::Reset() { sqlite3_reset(handle_.get()); }

int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_.get(), column); }

double Statement::Real(int column) const {
  if (IsNull(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (text == nullptr) return "";
  return std::string(text, static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(const fs::path& path, Mode mode) : path_(std::make_unique<fs::path>(path)) {
  sqlite3* handle = nullptr;
  const std::string address = AddressOf(path, mode == Mode::kSnapshot ? "?immutable=1" : "");
  const int code =
      sqlite3_open_v2(address.c_str(), &handle, FlagsOf(mode) | SQLITE_OPEN_URI, nullptr);
  handle_.reset(handle);
  if (handle == nullptr) throw Error(Cause::kMemory, "no memory left to open the database");
  if (code != SQLITE_OK) Fail();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMilliseconds);
  // SQLite opens a protected file for reading where writing was asked for, and says nothing.
  if ((mode == Mode::kWrite || mode == Mode::kCreate) && sqlite3_db_readonly(handle, "main") == 1) {
    throw Error(Cause::kDisk, fmt::format("cannot write the database {}: the file is read-only; "
                                          "check the permissions, or choose another --root",
                                          path.native()));
  }
}

void Database::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) Fail();
}

int64_t Database::ReadInt(std::string_view sql) {
  Statement statement = Prepare(sql);
  UPCYCLE_CHECK(statement.Step());
  return statement.Int(0);
}

int64_t Database::LastInsertId() const { return sqlite3_last_insert_rowid(handle_.get()); }

bool Database::InTransaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

void Database::Fail() const { throw SqliteError(handle_.get(), path()); }

Transaction::Transaction(Database& database, Kind kind)
    : database_(database), open_(kind != Kind::kRead || !database.InTransaction()) {
  if (open_) database.Execute(std::string(BeginOf(kind)));
}

Transaction::~Transaction() {
  if (!open_ || !database_.InTransaction()) return;  // a full disk has rolled it back already
  try {
    database_.Execute("ROLLBACK");
  } catch (const Error&) {
    // The connection is of no use any more, and the next opening rolls back.
  }
}

void Transaction::Commit() {
  if (open_) database_.Execute("COMMIT");
  open_ = false;
}

}  // namespace upcycle
