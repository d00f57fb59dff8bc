#include "results/ledger/schema.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/check.h"
#include "core/error.h"
#include "core/files.h"
#include "results/ledger/unfinished_ledger.h"

namespace upcycle {
namespace {

constexpr const char* kFirstVersion = R"sql(
  CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    recipe TEXT NOT NULL,
    metric TEXT NOT NULL,
    goal TEXT NOT NULL CHECK (goal IN ('minimize', 'maximize')),
    baseline TEXT NOT NULL,
    matched_on TEXT NOT NULL,
    table_settings TEXT NOT NULL
  ) STRICT;

  CREATE TABLE arm (
    id INTEGER PRIMARY KEY,
    study INTEGER NOT NULL REFERENCES study (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    changes TEXT NOT NULL,
    settings TEXT NOT NULL,
    cost TEXT NOT NULL,
    absent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (study, name)
  ) STRICT;

  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    arm INTEGER NOT NULL REFERENCES arm (id),
    seed INTEGER NOT NULL,
    absent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (arm, seed)
  ) STRICT;

  CREATE TABLE stage (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'waiting', 'running', 'complete', 'failed',
                                         'diverged', 'stopped')),
    reason TEXT NOT NULL DEFAULT '',
    journal_offset INTEGER NOT NULL DEFAULT 0,
    step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE run_stage (
    run INTEGER NOT NULL REFERENCES run (id),
    role TEXT NOT NULL CHECK (role IN ('tokens', 'parent', 'parent_evaluate', 'start', 'train',
                                       'evaluate')),
    stage INTEGER NOT NULL REFERENCES stage (id),
    PRIMARY KEY (run, role)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX run_stage_by_stage ON run_stage (stage);

  CREATE TABLE stage_input (
    stage INTEGER NOT NULL REFERENCES stage (id),
    input INTEGER NOT NULL REFERENCES stage (id),
    PRIMARY KEY (stage, input)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attempt (
    stage INTEGER NOT NULL REFERENCES stage (id),
    number INTEGER NOT NULL,
    started REAL,
    ended REAL,
    host TEXT NOT NULL DEFAULT '',
    pid INTEGER NOT NULL DEFAULT 0,
    device TEXT NOT NULL DEFAULT '',
    outcome TEXT CHECK (outcome IN ('complete', 'failed', 'diverged', 'stopped')),
    cause TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    peak_memory_bytes INTEGER,
    wall_seconds REAL,
    PRIMARY KEY (stage, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE metric (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  -- No foreign keys from here on: the two look-ups would cost a third of the rate of recording.
  CREATE TABLE point (
    stage INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (stage, metric, step)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE latest (
    stage INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (stage, metric)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE result (
    stage INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    value REAL,
    standard_error REAL,
    count INTEGER,
    PRIMARY KEY (stage, metric)
  ) STRICT, WITHOUT ROWID;
)sql";

// A run may have several stages of one role.
constexpr const char* kSecondVersion = R"sql(
  CREATE TABLE numbered_run_stage (
    run INTEGER NOT NULL REFERENCES run (id),
    role TEXT NOT NULL CHECK (role IN ('tokens', 'parent', 'parent_evaluate', 'branch', 'start',
                                       'train', 'evaluate')),
    number INTEGER NOT NULL,
    stage INTEGER NOT NULL REFERENCES stage (id),
    PRIMARY KEY (run, role, number)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO numbered_run_stage SELECT run, role, 0, stage FROM run_stage;
  DROP TABLE run_stage;
  ALTER TABLE numbered_run_stage RENAME TO run_stage;
  CREATE INDEX run_stage_by_stage ON run_stage (stage);
)sql";

constexpr const char* kThirdVersion = "ALTER TABLE attempt ADD COLUMN cpu_seconds REAL";

// What each question of a benchmark came to, and stages that ask them.
constexpr const char* kFourthVersion = R"sql(
  CREATE TABLE item (
    stage INTEGER NOT NULL,
    task TEXT NOT NULL,
    number INTEGER NOT NULL,
    record TEXT NOT NULL,
    answer INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    correct_normalised INTEGER,
    log_likelihoods TEXT NOT NULL,
    PRIMARY KEY (stage, task, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE benchmark_run_stage (
    run INTEGER NOT NULL REFERENCES run (id),
    role TEXT NOT NULL CHECK (role IN ('tokens', 'parent', 'parent_evaluate', 'branch', 'start',
                                       'train', 'evaluate', 'benchmark')),
    number INTEGER NOT NULL,
    stage INTEGER NOT NULL REFERENCES stage (id),
    PRIMARY KEY (run, role, number)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO benchmark_run_stage SELECT run, role, number, stage FROM run_stage;
  DROP TABLE run_stage;
  ALTER TABLE benchmark_run_stage RENAME TO run_stage;
  CREATE INDEX run_stage_by_stage ON run_stage (stage);
)sql";

// How processes ended and what they were; stages that were pruned.
constexpr const char* kFifthVersion = R"sql(
  CREATE TABLE prunable_stage (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'waiting', 'running', 'complete', 'failed',
                                         'diverged', 'stopped', 'pruned')),
    reason TEXT NOT NULL DEFAULT '',
    journal_offset INTEGER NOT NULL DEFAULT 0,
    step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  INSERT INTO prunable_stage
    SELECT id, fingerprint, kind, settings, state, reason, journal_offset, step, steps FROM stage;
  DROP TABLE stage;
  ALTER TABLE prunable_stage RENAME TO stage;

  CREATE TABLE exited_attempt (
    stage INTEGER NOT NULL REFERENCES stage (id),
    number INTEGER NOT NULL,
    started REAL,
    ended REAL,
    host TEXT NOT NULL DEFAULT '',
    pid INTEGER NOT NULL DEFAULT 0,
    device TEXT NOT NULL DEFAULT '',
    provenance TEXT NOT NULL DEFAULT '{}',
    outcome TEXT CHECK (outcome IN ('complete', 'failed', 'diverged', 'stopped', 'pruned')),
    cause TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    signal INTEGER,
    peak_memory_bytes INTEGER,
    wall_seconds REAL,
    cpu_seconds REAL,
    PRIMARY KEY (stage, number)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO exited_attempt (stage, number, started, ended, host, pid, device, outcome, cause,
                              message, peak_memory_bytes, wall_seconds, cpu_seconds)
    SELECT stage, number, started, ended, host, pid, device, outcome, cause, message,
           peak_memory_bytes, wall_seconds, cpu_seconds FROM attempt;
  DROP TABLE attempt;
  ALTER TABLE exited_attempt RENAME TO attempt;
)sql";

// What a root's own journal tells.
constexpr const char* kSixthVersion = R"sql(
  CREATE TABLE root (journal_offset INTEGER NOT NULL) STRICT;
  INSERT INTO root VALUES (0);

  CREATE TABLE launch (
    number INTEGER PRIMARY KEY,
    study TEXT NOT NULL,
    started REAL,
    ended REAL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    command_line TEXT NOT NULL,
    provenance TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '{}'
  ) STRICT;

  CREATE TABLE hold (
    study TEXT NOT NULL,
    arm TEXT NOT NULL,
    seed TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('paused', 'cancelled')),
    set_by TEXT NOT NULL,
    set_at REAL,
    PRIMARY KEY (study, arm, seed)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE study ADD COLUMN record TEXT NOT NULL DEFAULT '';
  ALTER TABLE attempt ADD COLUMN launch INTEGER;
)sql";

constexpr std::array kMigrations = {kFirstVersion,  kSecondVersion, kThirdVersion,
                                    kFourthVersion, kFifthVersion,  kSixthVersion};

}  // namespace

std::span<const char* const> LedgerMigrations() { return kMigrations; }

bool LedgerExists(const fs::path& path) {
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (error) throw SystemError("open the ledger", path.native(), error.value());
  if (!exists && fs::is_symlink(path, error)) {
    throw Error(Cause::kInput,
                fmt::format("{} is a link to {}, which is not there: bring that back, "
                            "or remove the link to begin a new ledger",
                            path.native(), fs::read_symlink(path).native()));
  }
  return exists;
}

void CreateLedger(const fs::path& path, std::span<const char* const> migrations) {
  if (LedgerExists(path)) return;
  const fs::path folder = FolderOf(path);
  MakeDirectories(folder);
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw SystemError("create a ledger in", folder.native(), errno);
  }
  UnfinishedLedger unfinished(path);
  {
    Database ledger(unfinished.path(), Database::Mode::kCreate);
    ledger.Execute(fmt::format("PRAGMA application_id = {}", kLedgerApplicationId));
    Migrate(ledger, migrations);
    ledger.Execute("PRAGMA journal_mode = WAL");
  }
  unfinished.PutWhereNothingIs();
}

void RequireKnownVersion(int64_t version, int64_t newest_version, const fs::path& path) {
  if (version <= newest_version) return;
  throw Error(Cause::kInput,
              fmt::format("{} was written by a newer upcycle (ledger version {}, this program "
                          "knows {}): use that program, or another --root",
                          path.native(), version, newest_version));
}

void RequireLedger(const fs::path& path, int64_t newest_version) {
  const DatabaseHeader header = ReadDatabaseHeader(path);
  if (header.application_id != kLedgerApplicationId) {
    const char* what = header.empty         ? "the file is empty"
                       : header.is_database ? "it is another program's database"
                                            : "it is no database at all";
    throw Error(Cause::kInput,
                fmt::format("{} is not an upcycle ledger: {}; choose another --root, "
                            "or move the file away",
                            path.native(), what));
  }
  RequireKnownVersion(header.user_version, newest_version, path);
}

void Migrate(Database& ledger, std::span<const char* const> migrations) {
  // A step may put a table in the place of one that others refer to (sqlite.org/lang_altertable).
  ledger.Execute("PRAGMA foreign_keys = OFF");
  Transaction transaction(ledger, Transaction::Kind::kExclusive);
  const int64_t newest = static_cast<int64_t>(migrations.size());
  const int64_t version = ledger.ReadInt("PRAGMA user_version");
  UPCYCLE_CHECK(version <= newest);
  for (int64_t step = version; step < newest; ++step) {
    ledger.Execute(migrations[static_cast<size_t>(step)]);
  }
  ledger.Execute(fmt::format("PRAGMA user_version = {}", newest));
  UPCYCLE_CHECK(!ledger.Prepare("PRAGMA foreign_key_check").Step());
  transaction.Commit();
}

}  // namespace upcycle
