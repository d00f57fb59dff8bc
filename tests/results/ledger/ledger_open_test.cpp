// Which files are opened as a ledger, and what is said about those that are not.
#include <cmath>
#include <fstream>
#include <numeric>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "results/ledger/ledger.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/schema.h"
#include "results/ledger/stage_states.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

void ExpectRefusedUnchanged(const TemporaryFolder& folder, const std::string& words) {
  const std::string before = ReadTextFile(LedgerIn(folder));
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForWriting(LedgerIn(folder)); }), words));
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForReading(LedgerIn(folder)); }), words));
  EXPECT_EQ(ReadTextFile(LedgerIn(folder)), before);
}

// And no file appears beside it either.
void ExpectRefusedUntouched(const TemporaryFolder& folder, const std::string& words) {
  ExpectRefusedUnchanged(folder, words);
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{LedgerIn(folder).filename()});
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
  Database ledger = OpenLedgerForWriting(LedgerIn(folder));
  Statement mode = ledger.Prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.Step());
  EXPECT_EQ(mode.Text(0), "wal");
}

TEST(OpenLedger, FollowsALink) {
  const TemporaryFolder folder;
  const fs::path real = folder.path() / "elsewhere" / "real.sqlite";
  OpenLedgerForWriting(real);
  fs::create_symlink(real, LedgerIn(folder));
  OpenLedgerForWriting(LedgerIn(folder));
  EXPECT_TRUE(LedgerReader(LedgerIn(folder)).StudyNames().empty());
  EXPECT_TRUE(fs::is_symlink(LedgerIn(folder)));
}

TEST(OpenLedger, SeesAtAGlanceBehindALinkWhatIsStillInTheLog) {
  const TemporaryFolder folder;
  const fs::path real = folder.path() / "elsewhere" / "real.sqlite";
  LedgerWriter writer(real);
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  fs::create_symlink(real, LedgerIn(folder));
  Database ledger = OpenLedgerForAGlance(LedgerIn(folder));
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM study"), 1);
}

TEST(OpenLedger, SaysWhereALinkToNothingLeads) {
  const TemporaryFolder folder;
  fs::create_symlink("gone.sqlite", LedgerIn(folder));
  for (const auto& open : {OpenLedgerForWriting, OpenLedgerForReading}) {
    EXPECT_EQ(MessageOf([&] { open(LedgerIn(folder)); }),
              LedgerIn(folder).native() +
                  " is a link to gone.sqlite, which is not there: bring that back, or remove the "
                  "link to begin a new ledger");
  }
}

TEST(OpenLedger, SaysThatThereIsNoneToRead) {
  const TemporaryFolder folder;
  EXPECT_TRUE(
      Says(MessageOf([&] { OpenLedgerForReading(LedgerIn(folder)); }), "there is no ledger at"));
  EXPECT_FALSE(fs::exists(LedgerIn(folder)));
}

TEST(OpenLedger, RefusesAnotherProgramsDatabase) {
  const TemporaryFolder folder;
  {
    Database foreign(LedgerIn(folder), Database::Mode::kCreate);
    foreign.Execute("CREATE TABLE bookmarks (name TEXT); INSERT INTO bookmarks VALUES ('a')");
  }
  ExpectRefusedUntouched(folder, "is not an upcycle ledger: it is another program's database");
}

TEST(OpenLedger, RefusesAFileThatIsNoDatabase) {
  const TemporaryFolder folder;
  Put(LedgerIn(folder), std::string(5000, 'x'));
  ExpectRefusedUntouched(folder, "not an upcycle ledger");
}

TEST(OpenLedger, RefusesAnEmptyFile) {
  const TemporaryFolder folder;
  Put(LedgerIn(folder), "");
  ExpectRefusedUntouched(folder, "is not an upcycle ledger: the file is empty");
}

TEST(OpenLedger, RefusesATruncatedLedger) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(LedgerIn(folder));
  fs::resize_file(LedgerIn(folder), fs::file_size(LedgerIn(folder)) / 2);
  ExpectRefusedUnchanged(folder, "truncated or damaged");
}

TEST(OpenLedger, SaysThatAFolderLiesInItsPlace) {
  const TemporaryFolder folder;
  fs::create_directory(LedgerIn(folder));
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForWriting(LedgerIn(folder)); }), "Is a directory"));
}

// A writer that dies while it merges its log leaves a file whose header is ahead of its size.
TEST(OpenLedger, HealsALedgerWhoseLogWasBeingMerged) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(LedgerIn(folder));
  std::vector<int64_t> seeds(100);  // enough to make the file grow
  std::iota(seeds.begin(), seeds.end(), 0);
  StatusOfChild([&]() -> int {
    LedgerWriter writer(LedgerIn(folder));
    writer.RecordStudy(StudyOf({"dense"}, seeds));
    ::_exit(0);  // before the writer's end, which would merge the log
  });
  ASSERT_GT(fs::file_size(LedgerIn(folder).native() + "-wal"), 0u);
  std::fstream file(LedgerIn(folder), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(28);  // the number of pages, big-endian
  file.write("\0\0\x10\0", 4);
  file.close();
  EXPECT_EQ(LedgerReader(LedgerIn(folder)).StudyNames(), std::vector<std::string>{"study"});
  LedgerWriter(LedgerIn(folder)).RecordStudy(StudyOf({"dense"}, {0}));
}

TEST(OpenLedger, RefusesANewerVersionThatStillLiesInTheLog) {
  const TemporaryFolder folder;
  Database newer = OpenLedgerForWriting(LedgerIn(folder));
  newer.Execute("PRAGMA user_version = 99");
  ASSERT_EQ(ReadDatabaseHeader(LedgerIn(folder)).user_version,
            static_cast<int64_t>(LedgerMigrations().size()));
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForReading(LedgerIn(folder)); }),
                   "was written by a newer upcycle"));
}

// Another program could otherwise write into the file unnoticed.
TEST(ReadDatabaseHeader, KeepsTheLocksThatThisProcessHolds) {
  const TemporaryFolder folder;
  Database database(folder.path() / "any.sqlite", Database::Mode::kCreate);
  database.Execute("CREATE TABLE t (x INTEGER)");
  const Transaction transaction(database, Transaction::Kind::kExclusive);
  ReadDatabaseHeader(database.path());
  const int locked = StatusOfChild([&] {
    const FileDescriptor file = OpenFile(database.path(), O_RDWR, "open");
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(file.get(), F_SETLK, &lock) == 0 ? 1 : 0;
  });
  EXPECT_EQ(locked, 0) << "another process could lock the file";
}

TEST(OpenLedger, RefusesALedgerOfANewerProgram) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(LedgerIn(folder)).Execute("PRAGMA user_version = 99");
  ExpectRefusedUntouched(folder,
                         fmt::format("was written by a newer upcycle (ledger version 99, this "
                                     "program knows {})",
                                     LedgerMigrations().size()));
}

TEST(OpenLedger, SaysThatTheFolderCannotBeWritten) {
  const TemporaryFolder folder;
  MakeUnwritable(folder.path());
  const Unprivileged user;
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForWriting(LedgerIn(folder)); }, Cause::kDisk),
                   "Permission denied"));
}

TEST(OpenLedger, SaysThatTheFileCannotBeWritten) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(LedgerIn(folder));
  fs::permissions(LedgerIn(folder), fs::perms(0444));
  fs::permissions(folder.path(), fs::perms(0777));
  const Unprivileged user;
  EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForWriting(LedgerIn(folder)); }, Cause::kDisk),
                   "the file is read-only"));
}

TEST(OpenLedger, SaysThatTheFolderCannotBeEntered) {
  const TemporaryFolder folder;
  OpenLedgerForWriting(LedgerIn(folder));
  fs::permissions(folder.path(), fs::perms::owner_all);
  const Unprivileged user;
  for (const auto open : {OpenLedgerForReading, OpenLedgerForWriting}) {
    EXPECT_TRUE(
        Says(MessageOf([&] { open(LedgerIn(folder)); }, Cause::kDisk), "Permission denied"));
  }
}

TEST(OpenLedger, ReadsInAFolderThatCannotBeWritten) {
  const TemporaryFolder folder;
  LedgerWriter(LedgerIn(folder)).RecordStudy(StudyOf({"dense"}, {0}));
  MakeUnwritable(folder.path());
  const Unprivileged user;
  EXPECT_EQ(LedgerReader(LedgerIn(folder)).StudyNames(), std::vector<std::string>{"study"});
}

TEST(OpenLedger, LeavesNothingBehindOnAFullDisk) {
  const TemporaryFolder folder;
  {
    const FileSizeLimit full(0);
    EXPECT_TRUE(Says(MessageOf([&] { OpenLedgerForWriting(LedgerIn(folder)); }, Cause::kDisk),
                     "cannot use the database"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(OpenLedgerForAGlance, LeavesNothingBesideALedgerThatNobodyHasOpen) {
  const TemporaryFolder folder;
  LedgerWriter(LedgerIn(folder)).RecordStudy(StudyOf({"dense"}, {0}));
  const std::string before = ReadTextFile(LedgerIn(folder));
  {
    Database ledger = OpenLedgerForAGlance(LedgerIn(folder));
    EXPECT_EQ(ReadStageStates(ledger).size(), 4u);
  }
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{LedgerIn(folder).filename()});
  EXPECT_EQ(ReadTextFile(LedgerIn(folder)), before);
}

TEST(OpenLedgerForAGlance, SeesWhatAWriterHasCommitted) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0, 1}));
  Database ledger = OpenLedgerForAGlance(LedgerIn(folder));
  EXPECT_EQ(ReadStageStates(ledger).size(), 6u);
}

TEST(OpenLedgerForAGlance, RefusesWhatIsNoLedger) {
  const TemporaryFolder folder;
  Put(LedgerIn(folder), "name: a recipe\n");
  EXPECT_TRUE(
      Says(MessageOf([&] { OpenLedgerForAGlance(LedgerIn(folder)); }), "not an upcycle ledger"));
}

constexpr const char* kTwoVersions[] = {
    "CREATE TABLE old (a INTEGER); INSERT INTO old VALUES (7)",
    "ALTER TABLE old ADD COLUMN b INTEGER DEFAULT 8",
};

TEST(Migrate, BringsAnOldLedgerUpToDateWithItsContent) {
  const TemporaryFolder folder;
  CreateLedger(LedgerIn(folder), std::span(kTwoVersions).first(1));
  EXPECT_NO_THROW(RequireLedger(LedgerIn(folder), 2));
  Database ledger(LedgerIn(folder), Database::Mode::kWrite);
  Migrate(ledger, kTwoVersions);
  EXPECT_EQ(ledger.ReadInt("PRAGMA user_version"), 2);
  EXPECT_EQ(ledger.ReadInt("SELECT a * 10 + b FROM old"), 78);
}

TEST(Migrate, KeepsTheStagesOfRunsThatHadOneOfEachRole) {
  const TemporaryFolder folder;
  CreateLedger(LedgerIn(folder), LedgerMigrations().first(1));
  Database(LedgerIn(folder), Database::Mode::kWrite)
      .Execute(
          "INSERT INTO study VALUES (1, 'study', '', '{}', 'validation/loss', 'minimize', '', '', "
          "'{}');"
          "INSERT INTO arm VALUES (1, 1, 0, 'dense', '{}', '{}', '{}', 0);"
          "INSERT INTO run VALUES (1, 1, 5, 0);"
          "INSERT INTO stage (id, fingerprint, kind, settings, state) VALUES "
          "(1, '00000000000000010000000000000002', 'tokens', '{}', 'complete'), "
          "(2, '00000000000000010000000000000003', 'train', '{}', 'running');"
          "INSERT INTO run_stage VALUES (1, 'tokens', 1), (1, 'train', 2);");
  LedgerWriter(LedgerIn(folder)).StageStates();
  const StudyFacts study = LedgerReader(LedgerIn(folder)).ReadStudy("study");
  const RunFacts& run = study.arms.at(0).runs.at(0);
  EXPECT_EQ(study.stages.at(run.StageOf(StageRole::kTokens).value()).kind, "tokens");
  EXPECT_EQ(study.stages.at(run.StageOf(StageRole::kTrain).value()).kind, "train");
  EXPECT_EQ(run.stages.size(), 2u);
  EXPECT_EQ(StateOfRun(study, run), StageState::kRunning);
}

TEST(Migrate, KeepsWhatRefersToATableThatIsPutInTheOldOnesPlace) {
  const TemporaryFolder folder;
  CreateLedger(LedgerIn(folder), LedgerMigrations().first(4));
  Database(LedgerIn(folder), Database::Mode::kWrite)
      .Execute(
          "INSERT INTO stage (id, fingerprint, kind, settings, state, journal_offset) VALUES "
          "(1, '00000000000000010000000000000002', 'tokens', '{}', 'complete', 5), "
          "(2, '00000000000000010000000000000003', 'train', '{}', 'failed', 6);"
          "INSERT INTO stage_input VALUES (2, 1);"
          "INSERT INTO attempt (stage, number, host, pid, outcome, cause, wall_seconds) VALUES "
          "(2, 1, 'lab', 7, 'failed', 'memory', 2.5);");
  LedgerWriter writer(LedgerIn(folder));
  const Fingerprint train = {1, 3};
  EXPECT_EQ(writer.JournalOffset(train), 6u);
  LedgerReader reader(LedgerIn(folder));
  const StageFacts facts = reader.FindStage(train).value();
  EXPECT_EQ(facts.state, StageState::kFailed);
  const auto attempts = reader.ReadAttempts(facts.id);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].end->wall_seconds, 2.5);
  EXPECT_EQ(attempts[0].start.provenance, "{}");
  IngestNext(writer, train, {Event(AttemptEnd{.outcome = StageState::kPruned})});
  EXPECT_EQ(reader.FindStage(train)->state, StageState::kPruned);
  Database ledger(LedgerIn(folder), Database::Mode::kWrite);
  ledger.Execute("PRAGMA foreign_keys = ON");
  EXPECT_THROW(ledger.Execute("INSERT INTO stage_input VALUES (2, 77)"), Error);
}

TEST(Migrate, LeavesTheOldVersionWholeIfAStepFails) {
  const TemporaryFolder folder;
  CreateLedger(LedgerIn(folder), std::span(kTwoVersions).first(1));
  const char* broken[] = {kTwoVersions[0], "DROP TABLE old; SELECT * FROM nowhere"};
  Database ledger(LedgerIn(folder), Database::Mode::kWrite);
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
