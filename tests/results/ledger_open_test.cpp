// Which files are opened as a ledger, and what is said about those that are not.
#include <cmath>
#include <fstream>
#include <numeric>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "results/ledger.h"
#include "results/ledger_reader.h"
#include "results/schema.h"
#include "tests/results/fixture.h"

namespace upcycle {
namespace {

template <typename Act>
Error ErrorOf(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  return Error(Cause::kBug, "nothing was thrown");
}

void ExpectSays(const Error& error, Cause cause, const std::string& words) {
  EXPECT_EQ(CauseName(error.cause()), CauseName(cause)) << error.what();
  EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
}

void ExpectRefusedUnchanged(const TemporaryFolder& folder, const std::string& words) {
  const std::string before = BytesOf(folder.Ledger());
  ExpectSays(ErrorOf([&] { OpenLedgerForWriting(folder.Ledger()); }), Cause::kInput, words);
  ExpectSays(ErrorOf([&] { OpenLedgerForReading(folder.Ledger()); }), Cause::kInput, words);
  EXPECT_EQ(BytesOf(folder.Ledger()), before);
}

// And no file appears beside it either.
void ExpectRefusedUntouched(const TemporaryFolder& folder, const std::string& words) {
  ExpectRefusedUnchanged(folder, words);
  const auto files = fs::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(OpenLedger, MakesALedgerAndItsFolders) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a" / "b" / "ledger.sqlite";
  OpenLedgerForWriting(path);
  EXPECT_TRUE(LedgerReader(path).StudyNames().empty());
}

TEST(OpenLedger, TakesAPathWithSignsThatAnAddressWouldUse) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "50% a?b#c" / "ledger.sqlite";
  OpenLedgerForWriting(path);
  EXPECT_TRUE(fs::exists(path));
  EXPECT_TRUE(LedgerReader(path).StudyNames().empty());
}

TEST(OpenLedger, LogsAheadSoThatReadersAndTheWriterDoNotMeet) {
  const TemporaryFolder folder;
  Database ledger = OpenLedgerForWriting(folder.Ledger());
  Statement mode = ledger.Prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.Step());
  EXPECT_EQ(mode.Text(0), "wal");
}

TEST(OpenLedger, SaysThatThereIsNoneToRead) {
  const TemporaryFolder folder;
  ExpectSays(ErrorOf([&] { OpenLedgerForReading(folder.Ledger()); }), Cause::kInput,
             "there is no ledger at");
  EXPECT_FALSE(fs::exists(folder.Ledger()));
}

TEST(OpenLedger, RefusesAnotherProgramsDatabase) {
  const TemporaryFolder folder;
  {
    Database foreign(folder.Ledger(), Database::Mode::kCreate);
    foreign.Execute("CREATE TABLE bookmarks (name TEXT); INSERT INTO bookmarks VALUES ('a')");
  }
  ExpectRefusedUntouched(folder, "is not an upcycle ledger: it is another program's database");
}

TEST(OpenLedger, RefusesAFileThatIsNoDatabase) {
  const TemporaryFolder folder;
  std::ofstream(folder.Ledger()) << std::string(5000, 'x');
  ExpectRefusedUntouched(folder, "not an upcycle ledger");
}

TEST(OpenLedger, RefusesAnEmptyFile) {
  const TemporaryFolder folder;
  std::ofstream(folder.Ledger()).close();
  ExpectRefusedUntouched(folder, "is not an upcycle ledger: the file is empty");
}

TEST(OpenLedger, RefusesATruncatedLedger) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(folder.Ledger());
  fs::resize_file(folder.Ledger(), fs::file_size(folder.Ledger()) / 2);
  ExpectRefusedUnchanged(folder, "truncated or damaged");
}

TEST(OpenLedger, SaysThatAFolderLiesInItsPlace) {
  const TemporaryFolder folder;
  fs::create_directory(folder.Ledger());
  ExpectSays(ErrorOf([&] { OpenLedgerForWriting(folder.Ledger()); }), Cause::kInput,
             "Is a directory");
}

// A writer that dies while it merges its log leaves a file whose header is ahead of its size.
TEST(OpenLedger, HealsALedgerWhoseLogWasBeingMerged) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(folder.Ledger());
  std::vector<int64_t> seeds(100);  // enough to make the file grow
  std::iota(seeds.begin(), seeds.end(), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    LedgerWriter writer(folder.Ledger());
    writer.RecordStudy(StudyOf({"dense"}, seeds));
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  ASSERT_GT(fs::file_size(folder.Ledger().native() + "-wal"), 0u);
  std::fstream file(folder.Ledger(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(28);  // the number of pages, big-endian
  file.write("\0\0\x10\0", 4);
  file.close();
  EXPECT_EQ(LedgerReader(folder.Ledger()).StudyNames(), std::vector<std::string>{"study"});
  LedgerWriter(folder.Ledger()).RecordStudy(StudyOf({"dense"}, {0}));
}

TEST(OpenLedger, RefusesANewerVersionThatStillLiesInTheLog) {
  const TemporaryFolder folder;
  Database newer = OpenLedgerForWriting(folder.Ledger());
  newer.Execute("PRAGMA user_version = 99");
  ASSERT_EQ(ReadDatabaseHeader(folder.Ledger()).user_version, 1);
  ExpectSays(ErrorOf([&] { OpenLedgerForReading(folder.Ledger()); }), Cause::kInput,
             "was written by a newer upcycle");
}

// Another program could otherwise write into the file unnoticed.
TEST(ReadDatabaseHeader, KeepsTheLocksThatThisProcessHolds) {
  const TemporaryFolder folder;
  Database database(folder.path() / "any.sqlite", Database::Mode::kCreate);
  database.Execute("CREATE TABLE t (x INTEGER)");
  const Transaction transaction(database, Transaction::Kind::kExclusive);
  ReadDatabaseHeader(database.path());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FileDescriptor file(::open(database.path().c_str(), O_RDWR));
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    ::_exit(::fcntl(file.get(), F_SETLK, &lock) == 0 ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "another process could lock the file";
}

TEST(OpenLedger, RefusesALedgerOfANewerProgram) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(folder.Ledger()).Execute("PRAGMA user_version = 99");
  ExpectRefusedUntouched(folder,
                         "was written by a newer upcycle (ledger version 99, this program "
                         "knows 1)");
}

TEST(OpenLedger, SaysThatTheFolderCannotBeWritten) {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms(0555));
  const Unprivileged user;
  ExpectSays(ErrorOf([&] { OpenLedgerForWriting(folder.Ledger()); }), Cause::kDisk,
             "Permission denied");
}

TEST(OpenLedger, SaysThatTheFileCannotBeWritten) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(folder.Ledger());
  fs::permissions(folder.Ledger(), fs::perms(0444));
  fs::permissions(folder.path(), fs::perms(0777));
  const Unprivileged user;
  ExpectSays(ErrorOf([&] { OpenLedgerForWriting(folder.Ledger()); }), Cause::kDisk,
             "the file is read-only");
}

TEST(OpenLedger, SaysThatTheFolderCannotBeEntered) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(folder.Ledger());
  fs::permissions(folder.path(), fs::perms::owner_all);
  const Unprivileged user;
  for (const auto open : {OpenLedgerForReading, OpenLedgerForWriting}) {
    ExpectSays(ErrorOf([&] { open(folder.Ledger()); }), Cause::kDisk, "Permission denied");
  }
}

TEST(OpenLedger, ReadsInAFolderThatCannotBeWritten) {
  const TemporaryFolder folder;
  LedgerWriter(folder.Ledger()).RecordStudy(StudyOf({"dense"}, {0}));
  fs::permissions(folder.path(), fs::perms(0555));
  const Unprivileged user;
  EXPECT_EQ(LedgerReader(folder.Ledger()).StudyNames(), std::vector<std::string>{"study"});
}

TEST(OpenLedger, LeavesNothingBehindOnAFullDisk) {
  const TemporaryFolder folder;
  {
    const FileSizeLimit full(0);
    ExpectSays(ErrorOf([&] { OpenLedgerForWriting(folder.Ledger()); }), Cause::kDisk,
               "cannot use the database");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

constexpr const char* kTwoVersions[] = {
    "CREATE TABLE old (a INTEGER); INSERT INTO old VALUES (7)",
    "ALTER TABLE old ADD COLUMN b INTEGER DEFAULT 8",
};

TEST(Migrate, BringsAnOldLedgerUpToDateWithItsContent) {
  const TemporaryFolder folder;
  CreateLedger(folder.Ledger(), std::span(kTwoVersions).first(1));
  EXPECT_NO_THROW(RequireLedger(folder.Ledger(), 2));
  Database ledger(folder.Ledger(), Database::Mode::kWrite);
  Migrate(ledger, kTwoVersions);
  EXPECT_EQ(ledger.ReadInt("PRAGMA user_version"), 2);
  EXPECT_EQ(ledger.ReadInt("SELECT a * 10 + b FROM old"), 78);
}

TEST(Migrate, LeavesTheOldVersionWholeIfAStepFails) {
  const TemporaryFolder folder;
  CreateLedger(folder.Ledger(), std::span(kTwoVersions).first(1));
  const char* broken[] = {kTwoVersions[0], "DROP TABLE old; SELECT * FROM nowhere"};
  Database ledger(folder.Ledger(), Database::Mode::kWrite);
  EXPECT_THROW(Migrate(ledger, broken), Error);
  EXPECT_EQ(ledger.ReadInt("PRAGMA user_version"), 1);
  EXPECT_EQ(ledger.ReadInt("SELECT a FROM old"), 7);
}

TEST(Database, StoresNoNumberAsNoNumber) {
  const TemporaryFolder folder;
  Database database(folder.path() / "any.sqlite", Database::Mode::kCreate);
  database.Execute("CREATE TABLE t (x REAL)");
  database.Prepare("INSERT INTO t VALUES (?)").Bind(std::nan("")).Run();
  Statement row = database.Prepare("SELECT x FROM t");
  ASSERT_TRUE(row.Step());
  EXPECT_TRUE(std::isnan(row.Real(0)));
}

TEST(Transaction, TakesEverythingBackUnlessCommitted) {
  const TemporaryFolder folder;
  Database database(folder.path() / "any.sqlite", Database::Mode::kCreate);
  database.Execute("CREATE TABLE t (x INTEGER)");
  {
    const Transaction transaction(database, Transaction::Kind::kWrite);
    database.Execute("INSERT INTO t VALUES (1)");
  }
  EXPECT_EQ(database.ReadInt("SELECT count(*) FROM t"), 0);
}

}  // namespace
}  // namespace upcycle
