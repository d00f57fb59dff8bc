#include "core/directory_transaction.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(DirectoryTransaction, ShowsNothingBeforeTheCommitAndEverythingAfter) {
  TemporaryFolder folder;
  DirectoryTransaction transaction(folder / "stage");
  Put(transaction.path() / "config.json", "{}");
  fs::create_directory(transaction.path() / "below");
  Put(transaction.path() / "below" / "weights", "1 2 3");
  EXPECT_FALSE(fs::exists(folder / "stage"));
  transaction.Commit();
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"stage"});
  EXPECT_EQ(NamesIn(folder / "stage"), (std::set<std::string>{"below", "config.json"}));
  EXPECT_EQ(ReadTextFile(folder.path() / "stage" / "below" / "weights"), "1 2 3");
}

TEST(DirectoryTransaction, ReplacesTheWholeOldFolder) {
  TemporaryFolder folder;
  fs::create_directory(folder / "stage");
  Put(folder.path() / "stage" / "old", "old");
  DirectoryTransaction transaction(folder / "stage");
  Put(transaction.path() / "new", "new");
  transaction.Commit();
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"stage"});
  EXPECT_EQ(NamesIn(folder / "stage"), std::set<std::string>{"new"});
}

TEST(DirectoryTransaction, LeavesTheOldFolderAloneWhenNotCommitted) {
  TemporaryFolder folder;
  fs::create_directory(folder / "stage");
  Put(folder.path() / "stage" / "old", "old");
  {
    DirectoryTransaction transaction(folder / "stage");
    Put(transaction.path() / "new", "new");
  }
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"stage"});
  EXPECT_EQ(NamesIn(folder / "stage"), std::set<std::string>{"old"});
}

TEST(DirectoryTransaction, RemovesWhatAKilledProcessLeftBehind) {
  TemporaryFolder folder;
  const std::string leftover = "stage." + std::to_string(EndedProcess()) + ".tmp";
  fs::create_directory(folder / leftover);
  Put(folder.path() / leftover / "half", "of a file");
  DirectoryTransaction transaction(folder / "stage");
  EXPECT_FALSE(fs::exists(folder / leftover));
}

TEST(DirectoryTransaction, LeavesTheWorkOfALivingProcessAlone) {
  TemporaryFolder folder;
  const std::string theirs = "stage." + std::to_string(getppid()) + ".tmp";
  fs::create_directory(folder / theirs);
  DirectoryTransaction transaction(folder / "stage");
  EXPECT_TRUE(fs::exists(folder / theirs));
}

TEST(DirectoryTransaction, LeavesNamesThatAreNotItsOwnAlone) {
  TemporaryFolder folder;
  const std::string ended = std::to_string(EndedProcess());
  const std::set<std::string> others = {"stage.tmp", "stage..tmp", "stage.x.tmp", "stage.-1.tmp",
                                        "stage2." + ended + ".tmp"};
  for (const std::string& name : others) fs::create_directory(folder / name);
  { DirectoryTransaction transaction(folder / "stage"); }
  EXPECT_EQ(NamesIn(folder.path()), others);
}

TEST(DirectoryTransaction, BlamesTheInputForAFileInTheWay) {
  TemporaryFolder folder;
  Put(folder / "file", "text");
  EXPECT_EQ(CauseOf([&] { DirectoryTransaction transaction(folder.path() / "file" / "stage"); }),
            Cause::kInput);
}

TEST(ReplaceInTwoSteps, ReplacesAFullFolder) {
  TemporaryFolder folder;
  for (const char* name : {"from", "to", "to.old"}) fs::create_directory(folder / name);
  Put(folder.path() / "from" / "new", "new");
  Put(folder.path() / "to" / "old", "old");
  internal::ReplaceInTwoSteps(folder / "from", folder / "to");
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"to"});
  EXPECT_EQ(NamesIn(folder / "to"), std::set<std::string>{"new"});
}

TEST(ReplaceInTwoSteps, PutsTheOldFolderBackWhenTheNewOneCannotFollow) {
  TemporaryFolder folder;
  fs::create_directory(folder / "to");
  Put(folder.path() / "to" / "old", "old");
  EXPECT_EQ(CauseOf([&] { internal::ReplaceInTwoSteps(folder / "missing", folder / "to"); }),
            Cause::kInput);
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"to"});
  EXPECT_EQ(NamesIn(folder / "to"), std::set<std::string>{"old"});
}

}  // namespace
}  // namespace upcycle
