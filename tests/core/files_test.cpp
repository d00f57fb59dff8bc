#include "core/files.h"

#include <set>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(FileDescriptor, ClosesTheFileItHeld) {
  TemporaryFolder folder;
  int number = -1;
  {
    const FileDescriptor file(open((folder / "file").c_str(), O_CREAT | O_WRONLY, 0666));
    number = file.get();
    ASSERT_GE(fcntl(number, F_GETFD), 0);
  }
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
}

TEST(FileDescriptor, HandsTheFileOverWhenMoved) {
  TemporaryFolder folder;
  FileDescriptor first(open((folder / "file").c_str(), O_CREAT | O_WRONLY, 0666));
  const int number = first.get();
  const FileDescriptor second(std::move(first));
  EXPECT_EQ(second.get(), number);
  EXPECT_GE(fcntl(number, F_GETFD), 0);
}

TEST(OpenFile, SaysWhatItWasToDo) {
  EXPECT_TRUE(Says(MessageOf([] { OpenFile("/nonexistent/log", O_WRONLY, "lock"); }),
                   "cannot lock /nonexistent/log"));
}

TEST(ReadTextFile, GivesEveryByteOfAFileOfManyBlocks) {
  TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300000; ++i) text += static_cast<char>(i * 7);
  Put(folder / "file", text);
  EXPECT_EQ(ReadTextFile(folder / "file"), text);
}

TEST(ReadTextFile, GivesNothingForAnEmptyFile) {
  TemporaryFolder folder;
  Put(folder / "file", "");
  EXPECT_EQ(ReadTextFile(folder / "file"), "");
}

TEST(ReadTextFile, ReadsAPipeToItsEnd) {
  TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::thread writer([&] { Put(folder / "pipe", "name: piped\n"); });
  EXPECT_EQ(ReadTextFile(folder / "pipe"), "name: piped\n");
  writer.join();
}

TEST(ReadTextFile, ReadsAFileWhoseSizeTheSystemDoesNotTell) {
  EXPECT_TRUE(Says(ReadTextFile("/proc/self/status"), "Pid:"));
}

TEST(ReadTextFile, BlamesTheInputForAMissingFileAndNamesIt) {
  EXPECT_TRUE(Says(MessageOf([] { ReadTextFile("/nonexistent/recipe.yaml"); }),
                   "/nonexistent/recipe.yaml"));
}

TEST(ReadTextFile, BlamesTheInputForAFolder) {
  TemporaryFolder folder;
  EXPECT_EQ(CauseOf([&] { ReadTextFile(folder.path()); }), Cause::kInput);
}

TEST(ReadAt, GivesFewerBytesOnlyWhereTheFileEnds) {
  TemporaryFolder folder;
  Put(folder / "file", "0123456789");
  const FileDescriptor file(open((folder / "file").c_str(), O_RDONLY));
  EXPECT_EQ(ReadAt(file.get(), 2, 3, "file"), "234");
  EXPECT_EQ(ReadAt(file.get(), 8, 5, "file"), "89");
  EXPECT_EQ(ReadAt(file.get(), 20, 5, "file"), "");
}

TEST(WriteAll, SaysThatTheDiskIsFull) {
  const FileDescriptor full(open("/dev/full", O_WRONLY));
  if (full.get() < 0) GTEST_SKIP() << "this system has no /dev/full";
  EXPECT_TRUE(Says(MessageOf([&] { WriteAll(full.get(), "text", 4, "runs/ledger"); }, Cause::kDisk),
                   "runs/ledger: No space left on device"));
}

TEST(WriteAt, WritesAtThePlaceAndLeavesTheRest) {
  TemporaryFolder folder;
  Put(folder / "file", "0123456789");
  const FileDescriptor file = OpenFile(folder / "file", O_WRONLY, "write");
  WriteAt(file.get(), 3, "abc", 3, "file");
  EXPECT_EQ(ReadTextFile(folder / "file"), "012abc6789");
}

TEST(MakeDirectories, BlamesTheDiskForAFolderThatCannotBeWritten) {
  TemporaryFolder folder;
  MakeUnwritable(folder.path());
  const Unprivileged user;
  EXPECT_EQ(CauseOf([&] { MakeDirectories(folder / "stages"); }), Cause::kDisk);
}

TEST(MakeDirectories, MakesEveryMissingParentAndAcceptsWhatIsThere) {
  TemporaryFolder folder;
  MakeDirectories(folder.path() / "a" / "b" / "c");
  MakeDirectories(folder.path() / "a" / "b" / "c");
  EXPECT_TRUE(fs::is_directory(folder.path() / "a" / "b" / "c"));
}

TEST(MakeDirectories, BlamesTheInputForAFileInTheWay) {
  TemporaryFolder folder;
  Put(folder / "file", "text");
  EXPECT_EQ(CauseOf([&] { MakeDirectories(folder.path() / "file" / "below"); }), Cause::kInput);
}

TEST(Rename, PutsAFileInThePlaceOfAnother) {
  TemporaryFolder folder;
  Put(folder / "from", "new");
  Put(folder / "to", "old");
  Rename(folder / "from", folder / "to");
  EXPECT_EQ(ReadTextFile(folder / "to"), "new");
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"to"});
}

TEST(Rename, BlamesTheInputForAMissingFile) {
  TemporaryFolder folder;
  EXPECT_EQ(CauseOf([&] { Rename(folder / "from", folder / "to"); }), Cause::kInput);
}

TEST(FolderOf, IsTheCurrentOneForABareName) {
  EXPECT_EQ(FolderOf("runs/ledger.sqlite"), "runs");
  EXPECT_EQ(FolderOf("ledger.sqlite"), ".");
}

}  // namespace
}  // namespace upcycle
