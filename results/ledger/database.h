// SQLite's C interface with owners and errors: a connection, a prepared statement, a transaction.
//
// Whatever SQLite reports is thrown as Error with the path and advice: no space, input/output and
// permissions are kDisk; a file that is not a database, or a damaged one, is kInput; a database
// that another process keeps locked is kInput; anything else is our own bug.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace upcycle {

namespace fs = std::filesystem;

class Database;

// One SQL statement, compiled once. Parameters and columns count from 0.
class Statement {
 public:
  // Binds the values to the parameters in their order and makes the statement ready to run from its
  // beginning. SQLite has no NaN: a NaN is stored as NULL, and `Real` reads NULL as NaN.
  template <typename... Values>
  Statement& Bind(const Values&... values) {
    Reset();
    int parameter = 0;
    (BindValue(parameter++, values), ...);
    return *this;
  }

  // True: a row is there to be read. False: the end, and the statement is ready to run again.
  bool Step();
  // For statements without rows.
  void Run();
  void Reset();

  int64_t Int(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;
  bool IsNull(int column) const;

  const fs::path& path() const { return *path_; }  // of the database

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(const Database& database, std::string_view sql);

  [[noreturn]] void Fail() const;
  void BindInt(int parameter, int64_t value);
  void BindReal(int parameter, double value);
  void BindText(int parameter, std::string_view value);
  void BindNull(int parameter);
  template <typename Value>
  void BindValue(int parameter, const Value& value);

  const fs::path* path_;  // the database's own, which stays where it is when the database moves
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  enum class Mode {
    kRead,
    kWrite,
    kCreate,  // makes the file if there is none
    // Reads the file as it lies there, without locks, without its write-ahead log and without
    // writing anything anywhere. Right only while nothing in that log is missing from the file.
    kSnapshot,
  };

  // Throws Error if the file cannot be opened so.
  Database(const fs::path& path, Mode mode);
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  const fs::path& path() const { return *path_; }

  Statement Prepare(std::string_view sql) { return Statement(*this, sql); }
  // Runs one statement or several, separated by semicolons, and ignores their rows.
  void Execute(const std::string& sql);
  // The first column of the first row.
  int64_t ReadInt(std::string_view sql);

  int64_t LastInsertId() const;
  bool InTransaction() const;

 private:
  friend class Statement;
  friend class Query;  // results/ledger/query.h
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  [[noreturn]] void Fail() const;

  std::unique_ptr<fs::path> path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Where a database and its log lie if `path` is a link; absolute.
fs::path PathBehindLinks(const fs::path& path);

// What a database file says about itself in its first bytes.
struct DatabaseHeader {
  bool empty = false;        // no bytes at all
  bool is_database = false;  // it begins as SQLite's files do
  int64_t application_id = 0;
  int64_t user_version = 0;  // without what still lies in the write-ahead log
};

// Reads the header without locks and without touching anything, for a decision before the file is
// opened. Throws Error if it cannot be read.
DatabaseHeader ReadDatabaseHeader(const fs::path& path);

// Everything between construction and Commit happens, or nothing of it.
class Transaction {
 public:
  enum class Kind {
    kRead,       // one snapshot for all reads in it; within another transaction, that one's
    kWrite,      // holds the write lock from the start, so that it never fails half-way for a lock
    kExclusive,  // and keeps readers out where the journal mode allows it
  };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void Commit();

 private:
  Database& database_;
  bool open_ = true;  // this one began what is open, and ends it
};

template <typename Value>
void Statement::BindValue(int parameter, const Value& value) {
  if constexpr (std::integral<Value>) {
    BindInt(parameter, static_cast<int64_t>(value));
  } else if constexpr (std::floating_point<Value>) {
    BindReal(parameter, value);
  } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
    BindText(parameter, value);
  } else {
    if (value) {
      BindValue(parameter, *value);
    } else {
      BindNull(parameter);
    }
  }
}

}  // namespace upcycle
