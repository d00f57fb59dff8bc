#include "results/ledger/ledger.h"

#include <fmt/format.h>

#include "core/error.h"
#include "results/ledger/schema.h"

namespace upcycle {
namespace {

int64_t NewestVersion() { return static_cast<int64_t>(LedgerMigrations().size()); }

// Reading the version proves that the file can be used in this mode: opening alone touches nothing.
Database OpenAndCheck(const fs::path& path, Database::Mode mode) {
  Database ledger(path, mode);
  const int64_t version = ledger.ReadInt("PRAGMA user_version");
  RequireKnownVersion(version, NewestVersion(), path);
  if (version < NewestVersion() && mode != Database::Mode::kWrite) {
    throw Error(Cause::kInput, fmt::format("{} was written by an older upcycle: `upcycle run` or "
                                           "`evaluate` with this --root brings it up to date",
                                           path.native()));
  }
  return ledger;
}

fs::path LogOf(const fs::path& path) { return PathBehindLinks(path).native() + "-wal"; }

bool HasLog(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(LogOf(path), ignored);
}

bool HasUnmergedLog(const fs::path& path) {
  std::error_code missing;
  const auto bytes = fs::file_size(LogOf(path), missing);
  return !missing && bytes > 0;
}

void RequireAnyLedger(const fs::path& path) {
  if (!LedgerExists(path)) {
    throw Error(Cause::kInput, fmt::format("there is no ledger at {}: run a recipe first, or name "
                                           "its folder with --root",
                                           path.native()));
  }
  RequireLedger(path, NewestVersion());
}

}  // namespace

Database OpenLedgerForWriting(const fs::path& path) {
  CreateLedger(path, LedgerMigrations());
  RequireLedger(path, NewestVersion());
  Database ledger = OpenAndCheck(path, Database::Mode::kWrite);
  if (ledger.ReadInt("PRAGMA user_version") < NewestVersion()) Migrate(ledger, LedgerMigrations());
  ledger.Execute(
      "PRAGMA foreign_keys = ON;"
      "PRAGMA synchronous = NORMAL;"
      "PRAGMA cache_size = -65536;"              // KiB
      "PRAGMA journal_size_limit = 67108864;");  // bytes the log keeps once it is merged
  return ledger;
}

Database OpenLedgerForReading(const fs::path& path) {
  RequireAnyLedger(path);
  try {
    Database ledger = OpenAndCheck(path, Database::Mode::kRead);
    ledger.Execute(
        "PRAGMA query_only = ON;"
        "PRAGMA cache_size = -65536;");  // KiB: of a large study every run is looked at twice
    return ledger;
  } catch (const Error& error) {
    // On a read-only file system SQLite cannot make the files through which readers and the writer
    // agree. Without a log there is no writer and nothing to agree on.
    if (error.cause() != Cause::kDisk || HasUnmergedLog(path)) throw;
  }
  return OpenAndCheck(path, Database::Mode::kSnapshot);
}

Database OpenLedgerForAGlance(const fs::path& path) {
  if (HasLog(path)) return OpenLedgerForReading(path);
  RequireAnyLedger(path);
  return OpenAndCheck(path, Database::Mode::kSnapshot);
}

}  // namespace upcycle
