#include "core/archive.h"

#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::string ContentOf(ArchiveReader& reader, const ArchiveEntry& entry) {
  std::string content(entry.bytes, '\0');
  EXPECT_EQ(reader.Read(content.data(), content.size()), content.size());
  return content;
}

TEST(Archive, GivesBackWhatWasPutIn) {
  const TemporaryFolder folder;
  const std::string large(3 << 20, 'x');
  const fs::path file = Put(folder / "file", large + "and more");
  const std::string long_name = "a folder/" + std::string(250, 'n') + "/\xC3\xA9t\xC3\xA9";
  {
    ArchiveWriter writer(folder / "archive");
    writer.Add("empty", "");
    writer.AddFile(long_name, file, large.size());
    EXPECT_FALSE(fs::exists(folder / "archive"));
    writer.Commit();
  }
  ArchiveReader reader(folder / "archive");
  EXPECT_EQ(reader.Next()->name, "empty");
  const auto entry = reader.Next();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->name, long_name);
  EXPECT_EQ(ContentOf(reader, *entry), large);
  EXPECT_FALSE(reader.Next());
  EXPECT_LT(fs::file_size(folder / "archive"), large.size() / 100);
}

TEST(Archive, HasTheSameBytesForTheSameFiles) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    const fs::path file = Put(folder / "file", "content");
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(*name));
    ArchiveWriter writer(folder / name);
    writer.AddFile("file", file, 7);
    writer.Commit();
  }
  EXPECT_EQ(ReadTextFile(folder / "a"), ReadTextFile(folder / "b"));
}

TEST(Archive, IsNotThereBeforeItIsWhole) {
  const TemporaryFolder folder;
  const fs::path file = Put(folder / "file", "content");
  EXPECT_EQ(CauseOf([&] {
              ArchiveWriter writer(folder / "archive");
              writer.AddFile("file", file, 1000);
            }),
            Cause::kInput);
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>{"file"});
}

// As libarchive itself writes it.
struct RawEntry {
  mode_t kind = AE_IFREG;
  const char* symlink = nullptr;
  const char* hardlink = nullptr;
  bool has_holes = false;
};

void WriteRaw(const fs::path& path, const RawEntry& raw) {
  archive* archive = archive_write_new();
  archive_write_set_format_pax(archive);
  archive_write_add_filter_zstd(archive);
  ASSERT_EQ(archive_write_open_filename(archive, path.c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "name");
  archive_entry_set_filetype(entry, raw.kind);
  archive_entry_set_size(entry, raw.has_holes ? 8192 : 0);
  if (raw.symlink != nullptr) archive_entry_set_symlink(entry, raw.symlink);
  if (raw.hardlink != nullptr) archive_entry_set_hardlink(entry, raw.hardlink);
  if (raw.has_holes) archive_entry_sparse_add_entry(entry, 4096, 1);
  ASSERT_EQ(archive_write_header(archive, entry), ARCHIVE_OK);
  const std::string content(8192, '\0');
  if (raw.has_holes) archive_write_data(archive, content.data(), content.size());
  archive_entry_free(entry);
  archive_write_free(archive);
}

TEST(Archive, RefusesWhatIsNoPlainFile) {
  const TemporaryFolder folder;
  const fs::path path = folder / "archive";
  const std::vector<RawEntry> entries = {{.kind = AE_IFLNK, .symlink = "/etc/passwd"},
                                         {.hardlink = "another"},
                                         {.kind = AE_IFDIR},
                                         {.kind = AE_IFIFO},
                                         {.kind = AE_IFCHR},
                                         {.has_holes = true}};
  for (const RawEntry& entry : entries) {
    WriteRaw(path, entry);
    EXPECT_TRUE(Says(MessageOf([&] { ArchiveReader(path).Next(); }), "is no plain file"));
  }
  WriteRaw(path, {});
  EXPECT_EQ(ArchiveReader(path).Next()->name, "name");
}

TEST(Archive, SaysWhichFileIsMissing) {
  const TemporaryFolder folder;
  EXPECT_TRUE(Says(MessageOf([&] { ArchiveReader(folder / "absent"); }), "absent"));
}

}  // namespace
}  // namespace upcycle
