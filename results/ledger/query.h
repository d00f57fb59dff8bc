// SQL that somebody typed, on a ledger: whatever it is, it reads, writes nothing, reaches no other
// file, and ends when it is asked to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "results/ledger/database.h"

namespace upcycle {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// The first is NULL. A text need not be UTF-8: CAST makes one of any bytes.
using QueryValue = std::variant<std::monostate, int64_t, double, std::string, Blob>;

class Query {
 public:
  // Takes the connection over: from now on it refuses everything but reading. `is_stopped` is asked
  // now and then. Throws Error(kInput), with the line and a mark under the mistake, for what is not
  // one statement that reads; Error(kInterrupted) once `is_stopped` says so, as Next does.
  Query(Database ledger, std::string sql, std::function<bool()> is_stopped);
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  const std::vector<std::string>& columns() const { return columns_; }

  // False: there are no more rows.
  bool Next(std::vector<QueryValue>& row);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void Prepare();
  void RequireOneStatement(const char* behind) const;
  [[noreturn]] void Fail() const;
  // Of what is wrong at this byte of the SQL; with -1 nowhere.
  [[noreturn]] void Refuse(const std::string& what, int64_t place) const;
  QueryValue ValueAt(int column) const;

  Database ledger_;
  std::string sql_;
  std::function<bool()> is_stopped_;
  std::string forbidden_;  // what the authorizer met
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::vector<std::string> columns_;

  static int Authorize(void* query, int action, const char* first, const char* second,
                       const char* database, const char* trigger);
  static int Progress(void* query);
};

}  // namespace upcycle
