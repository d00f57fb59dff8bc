#include "core/files.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/core/processes.h"
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
  EXPECT_NE(ReadTextFile("/proc/self/status").find("Pid:"), std::string::npos);
}

TEST(ReadTextFile, BlamesTheInputForAMissingFileAndNamesIt) {
  const Error error = ErrorOf([] { ReadTextFile("/nonexistent/recipe.yaml"); });
  EXPECT_EQ(error.cause(), Cause::kInput);
  EXPECT_NE(std::string(error.what()).find("/nonexistent/recipe.yaml"), std::string::npos);
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
  const Error error = ErrorOf([&] { WriteAll(full.get(), "text", 4, "runs/ledger"); });
  EXPECT_EQ(error.cause(), Cause::kDisk);
  EXPECT_NE(std::string(error.what()).find("runs/ledger: No space left on device"),
            std::string::npos);
}

TEST(WriteFileAtomically, MakesAFileAndLeavesNothingBesideIt) {
  TemporaryFolder folder;
  WriteFileAtomically(folder / "file", "new");
  EXPECT_EQ(ReadTextFile(folder / "file"), "new");
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"file"});
}

TEST(WriteFileAtomically, ReplacesALongerFile) {
  TemporaryFolder folder;
  Put(folder / "file", "the old and longer content");
  WriteFileAtomically(folder / "file", "new");
  EXPECT_EQ(ReadTextFile(folder / "file"), "new");
}

TEST(WriteFileAtomically, WritesIntoTheCurrentFolderByABareName) {
  TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  WriteFileAtomically("file", "new");
  fs::current_path(before);
  EXPECT_EQ(ReadTextFile(folder / "file"), "new");
}

TEST(WriteFileAtomically, ShowsAReaderTheOldFileOrTheNewOne) {
  TemporaryFolder folder;
  const std::string old_text(200000, 'o'), new_text(200000, 'n');
  WriteFileAtomically(folder / "file", old_text);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      WriteFileAtomically(folder / "file", i % 2 == 0 ? new_text : old_text);
    }
  });
  bool whole = true;
  for (int i = 0; i < 200; ++i) {
    const std::string text = ReadTextFile(folder / "file");
    whole = whole && (text == old_text || text == new_text);
  }
  writer.join();
  EXPECT_TRUE(whole);
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheNewOneDoesNotFit) {
  TemporaryFolder folder;
  Put(folder / "file", "old");
  Error error(Cause::kBug, "");
  {
    const FileSizeLimit limit(1000);
    error = ErrorOf([&] { WriteFileAtomically(folder / "file", std::string(5000, 'n')); });
  }
  EXPECT_EQ(error.cause(), Cause::kDisk);
  EXPECT_EQ(ReadTextFile(folder / "file"), "old");
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"file"});
}

TEST(WriteFileAtomically, LeavesNothingWhenAFolderIsInTheWay) {
  TemporaryFolder folder;
  fs::create_directory(folder / "taken");
  EXPECT_EQ(CauseOf([&] { WriteFileAtomically(folder / "taken", "new"); }), Cause::kInput);
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"taken"});
}

TEST(WriteFileAtomically, BlamesTheInputForAMissingFolder) {
  TemporaryFolder folder;
  EXPECT_EQ(CauseOf([&] { WriteFileAtomically(folder.path() / "no" / "file", "new"); }),
            Cause::kInput);
}

void MakeUnwritable(const fs::path& folder) {
  fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                              fs::perms::others_exec);
}

TEST(WriteFileAtomically, BlamesTheDiskForAFolderThatCannotBeWritten) {
  TemporaryFolder folder;
  MakeUnwritable(folder.path());
  EXPECT_EQ(CauseWithoutRights([&] { WriteFileAtomically(folder / "file", "new"); }),
            static_cast<int>(Cause::kDisk));
}

TEST(MakeDirectories, BlamesTheDiskForAFolderThatCannotBeWritten) {
  TemporaryFolder folder;
  MakeUnwritable(folder.path());
  EXPECT_EQ(CauseWithoutRights([&] { MakeDirectories(folder / "stages"); }),
            static_cast<int>(Cause::kDisk));
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

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  TemporaryFolder folder;
  Put(folder / "file", std::string_view("a\0b", 3));
  const MappedFile file(folder / "file");
  EXPECT_EQ(file.text(), std::string_view("a\0b", 3));
  EXPECT_EQ(file.bytes().size(), 3u);
}

TEST(MappedFile, IsEmptyForAnEmptyFile) {
  TemporaryFolder folder;
  Put(folder / "file", "");
  EXPECT_TRUE(MappedFile(folder / "file").bytes().empty());
}

TEST(MappedFile, KeepsItsBytesWhenMoved) {
  TemporaryFolder folder;
  Put(folder / "file", "text");
  Put(folder / "other", "other");
  MappedFile first(folder / "file");
  MappedFile second(std::move(first));
  EXPECT_EQ(second.text(), "text");
  second = MappedFile(folder / "other");
  EXPECT_EQ(second.text(), "other");
}

TEST(MappedFile, KeepsItsBytesWhenTheFileIsReplaced) {
  TemporaryFolder folder;
  Put(folder / "file", "old");
  const MappedFile file(folder / "file");
  WriteFileAtomically(folder / "file", "new");
  EXPECT_EQ(file.text(), "old");
}

TEST(MappedFile, BlamesTheInputForAMissingFileAFolderAndAPipe) {
  TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(CauseOf([&] { MappedFile file(folder / "missing"); }), Cause::kInput);
  EXPECT_EQ(CauseOf([&] { MappedFile file(folder.path()); }), Cause::kInput);
  EXPECT_EQ(CauseOf([&] { MappedFile file(folder / "pipe"); }), Cause::kInput);
}

}  // namespace
}  // namespace upcycle
