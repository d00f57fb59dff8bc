#include "core/atomic_file.h"

#include <algorithm>
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

// Blocks of 8 MiB, the last of them no whole one; more than wait to be written at a time.
TEST(AtomicFile, WritesInOrderWhateverThePiecesAndWhateverWasReserved) {
  TemporaryFolder folder;
  for (const size_t size : {size_t{0}, size_t{5}, size_t{8} << 20, (size_t{50} << 20) + 4097}) {
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 2654435761U >> 13);
    AtomicFile file(folder / "file", FileFlow::kInOrder);
    if (size != 5) file.Reserve(size / 3 * 4);
    for (size_t at = 0, piece = 1; at < size; at += piece, piece = piece * 3 % 7000001 + 1) {
      piece = std::min(piece, size - at);
      if (piece % 2 == 0) {
        file.Append(content.data() + at, piece);
      } else {
        file.WriteAt(at, content.data() + at, piece);
      }
    }
    file.Commit();
    EXPECT_TRUE(ReadTextFile(folder / "file") == content) << size;
    EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"file"});
  }
}

TEST(AtomicFile, SaysInOrderTooThatTheDiskIsFull) {
  TemporaryFolder folder;
  {
    const FileSizeLimit limit(9 << 20);
    AtomicFile file(folder / "file", FileFlow::kInOrder);
    const std::string content(size_t{30} << 20, 'n');
    EXPECT_EQ(CauseOf([&] {
                file.Append(content.data(), content.size());
                file.Commit();
              }),
              Cause::kDisk);
  }
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{});
}

TEST(AtomicFile, SaysBeforeItWritesThatThereIsNoRoom) {
  TemporaryFolder folder;
  {
    const FileSizeLimit limit(9 << 20);
    AtomicFile file(folder / "file", FileFlow::kInOrder);
    EXPECT_EQ(CauseOf([&] { file.Reserve(uint64_t{30} << 20); }), Cause::kDisk);
  }
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{});
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
