#include "core/atomic_file.h"

#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(AtomicFile, ShowsNothingBeforeTheCommit) {
  TemporaryFolder folder;
  AtomicFile file(folder / "file");
  file.Append("text", 4);
  EXPECT_FALSE(fs::exists(folder / "file"));
  file.Commit();
  EXPECT_EQ(ReadTextFile(folder / "file"), "text");
}

TEST(AtomicFile, LeavesTheOldFileAloneWhenNotCommitted) {
  TemporaryFolder folder;
  Put(folder / "file", "old");
  { AtomicFile(folder / "file").Append("new", 3); }
  EXPECT_EQ(ReadTextFile(folder / "file"), "old");
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"file"});
}

TEST(AtomicFile, KeepsTheOrderOfMoreThanItsBufferHolds) {
  TemporaryFolder folder;
  std::string expected;
  AtomicFile file(folder / "file");
  for (int i = 0; i < 300000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    file.Append(line.data(), line.size());
    expected += line;
  }
  file.Commit();
  EXPECT_TRUE(ReadTextFile(folder / "file") == expected);
}

TEST(AtomicFile, WritesOverWhatWasAppended) {
  TemporaryFolder folder;
  AtomicFile file(folder / "file");
  file.Append("0123456789", 10);
  file.WriteAt(2, "ab", 2);
  file.Append("end", 3);
  file.Commit();
  EXPECT_EQ(ReadTextFile(folder / "file"), "01ab456789end");
}

TEST(AtomicFile, FillsAGapWithZeros) {
  TemporaryFolder folder;
  AtomicFile file(folder / "file");
  file.WriteAt(3, "x", 1);
  file.Commit();
  EXPECT_EQ(ReadTextFile(folder / "file"), std::string("\0\0\0x", 4));
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
  {
    const FileSizeLimit limit(1000);
    EXPECT_EQ(CauseOf([&] { WriteFileAtomically(folder / "file", std::string(5000, 'n')); }),
              Cause::kDisk);
  }
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

TEST(WriteFileAtomically, BlamesTheDiskForAFolderThatCannotBeWritten) {
  TemporaryFolder folder;
  MakeUnwritable(folder.path());
  const Unprivileged user;
  EXPECT_EQ(CauseOf([&] { WriteFileAtomically(folder / "file", "new"); }), Cause::kDisk);
}

}  // namespace
}  // namespace upcycle
