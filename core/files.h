// Files that survive: what is written is either whole or absent, and a failure says which path and
// what the operating system said (Error through SystemError).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace upcycle {

namespace fs = std::filesystem;

// An open file descriptor, closed on destruction.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// The whole content, to its end: also of a pipe or of a file whose size the system does not know.
std::string ReadTextFile(const fs::path& path);

// Up to `size` bytes from `offset` on; fewer only where the file ends.
std::string ReadAt(int descriptor, uint64_t offset, size_t size, const fs::path& path);

// Writes all bytes or throws.
void WriteAll(int descriptor, const void* bytes, size_t size, const fs::path& path);

// Writes under a temporary name in the same folder, syncs, and renames: a reader sees the old file
// or the new one, never a part.
void WriteFileAtomically(const fs::path& path, std::string_view content);

void MakeDirectories(const fs::path& path);

// Makes a rename or a new file in `path` durable.
void SyncDirectory(const fs::path& path);

// A folder that appears whole: fill `path()`, then `Commit()` syncs all that is in it and puts it
// in the place of `target`, replacing what was there. Not committed, it is removed; what a killed
// process left behind is removed by the next transaction on the same target. Processes of several
// machines that fill one target hold a lock of their own around it.
class DirectoryTransaction {
 public:
  explicit DirectoryTransaction(fs::path target);
  ~DirectoryTransaction();
  DirectoryTransaction(const DirectoryTransaction&) = delete;
  DirectoryTransaction& operator=(const DirectoryTransaction&) = delete;

  const fs::path& path() const { return temporary_; }
  void Commit();

 private:
  fs::path target_;
  fs::path temporary_;
  bool committed_ = false;
};

// A whole regular file, read-only, mapped into memory. An empty file gives an empty span. Whoever
// shortens a file while it is mapped kills its readers: for files that never shrink.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

// An exclusive advisory lock on a file, held until destruction or the end of the process, however
// it ends. Empty if another process holds it.
class FileLock {
 public:
  static std::optional<FileLock> TryAcquire(const fs::path& path);

 private:
  explicit FileLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

namespace internal {

// For file systems that cannot exchange two names, where a folder cannot be renamed onto a full
// one: `to` steps aside first, and comes back if `from` cannot follow. A crash between the two
// renames leaves `to` absent and its content under `to`.old.
void ReplaceInTwoSteps(const fs::path& from, const fs::path& to);

}  // namespace internal
}  // namespace upcycle
