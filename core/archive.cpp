#include "core/archive.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
constexpr int kRights = 0644;

using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

std::string MessageOf(archive* archive) {
  const char* message = archive_error_string(archive);
  return message == nullptr ? "it makes no sense" : message;
}

}  // namespace

struct ArchiveWriter::Parts {
  explicit Parts(const fs::path& target)
      : path(target), file(target), archive(archive_write_new(), archive_write_free) {}

  // What libarchive calls. An exception may not pass through it, and is kept.
  static la_ssize_t Write(struct archive*, void* parts, const void* bytes, size_t size) {
    Parts& self = *static_cast<Parts*>(parts);
    try {
      self.file.Append(bytes, size);
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      self.error = std::current_exception();
      return -1;
    }
  }

  void Require(la_ssize_t result) {
    if (result >= ARCHIVE_OK) return;
    if (error) std::rethrow_exception(error);
    if (archive_errno(archive.get()) == ENOMEM) throw std::bad_alloc();
    throw Error(Cause::kDisk, fmt::format("cannot write the archive {}: {}", path.native(),
                                          MessageOf(archive.get())));
  }

  void Begin(std::string_view name, uint64_t bytes) {
    const Entry entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), std::string(name).c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), kRights);
    archive_entry_set_mtime(entry.get(), 0, 0);
    Require(archive_write_header(archive.get(), entry.get()));
  }

  void Append(std::string_view bytes) {
    Require(archive_write_data(archive.get(), bytes.data(), bytes.size()));
  }

  fs::path path;
  AtomicFile file;
  std::exception_ptr error;
  std::unique_ptr<struct archive, decltype(&archive_write_free)> archive;
};

ArchiveWriter::ArchiveWriter(const fs::path& target) : parts_(std::make_unique<Parts>(target)) {
  archive* archive = parts_->archive.get();
  // GNU's form of tar takes names as the bytes that they are, whatever the locale, and any size.
  parts_->Require(archive_write_set_format_gnutar(archive));
  parts_->Require(archive_write_add_filter_zstd(archive));
  parts_->Require(archive_write_set_bytes_in_last_block(archive, 1));
  parts_->Require(archive_write_open(archive, parts_.get(), nullptr, Parts::Write, nullptr));
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::Add(std::string_view name, std::string_view content) {
  parts_->Begin(name, content.size());
  parts_->Append(content);
}

void ArchiveWriter::AddFile(std::string_view name, const fs::path& path, uint64_t bytes) {
  const FileDescriptor file = OpenFile(path, O_RDONLY, "read");
  parts_->Begin(name, bytes);
  for (uint64_t at = 0; at < bytes;) {
    const std::string block =
        ReadAt(file.get(), at, std::min<uint64_t>(kBlockBytes, bytes - at), path);
    if (block.empty()) {
      throw Error(Cause::kInput,
                  fmt::format("{} became shorter while it was read; try again", path.native()));
    }
    parts_->Append(block);
    at += block.size();
  }
}

void ArchiveWriter::Commit() {
  parts_->Require(archive_write_close(parts_->archive.get()));
  parts_->file.Commit();
}

struct ArchiveReader::Parts {
  explicit Parts(const fs::path& file)
      : path(file), archive(archive_read_new(), archive_read_free) {}

  [[noreturn]] void Refuse(const std::string& why) const {
    throw Error(Cause::kInput, fmt::format("{} cannot be read: {}", path.native(), why));
  }

  void Require(la_ssize_t result) const {
    if (result >= ARCHIVE_OK) return;
    if (archive_errno(archive.get()) == ENOMEM) throw std::bad_alloc();
    Refuse(MessageOf(archive.get()));
  }

  fs::path path;
  std::unique_ptr<struct archive, decltype(&archive_read_free)> archive;
};

ArchiveReader::ArchiveReader(const fs::path& path) : parts_(std::make_unique<Parts>(path)) {
  { OpenFile(path, O_RDONLY, "read"); }  // says what is wrong with a path as all commands do
  archive* archive = parts_->archive.get();
  parts_->Require(archive_read_support_format_tar(archive));
  parts_->Require(archive_read_support_filter_zstd(archive));
  parts_->Require(archive_read_open_filename(archive, path.c_str(), kBlockBytes));
}

ArchiveReader::~ArchiveReader() = default;

std::optional<ArchiveEntry> ArchiveReader::Next() {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(parts_->archive.get(), &entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  parts_->Require(result);
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) parts_->Refuse("an entry has no name");
  const bool is_plain = archive_entry_filetype(entry) == AE_IFREG &&
                        archive_entry_hardlink(entry) == nullptr &&
                        archive_entry_sparse_count(entry) == 0;
  if (!is_plain) parts_->Refuse(fmt::format("its entry {:?} is no plain file", name));
  if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) {
    parts_->Refuse(fmt::format("its entry {:?} has no size", name));
  }
  return ArchiveEntry{name, static_cast<uint64_t>(archive_entry_size(entry))};
}

size_t ArchiveReader::Read(void* bytes, size_t size) {
  const la_ssize_t count = archive_read_data(parts_->archive.get(), bytes, size);
  parts_->Require(count);
  return static_cast<size_t>(count);
}

}  // namespace upcycle
