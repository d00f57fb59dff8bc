#include "core/mapped_file.h"

#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

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
