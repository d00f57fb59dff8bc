// Files and folders as the operating system has them; a failure says which path and what the system
// said (Error through SystemError).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
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

// As ::open with these flags, closed in child programs. "cannot ACTION PATH: ..." where it fails.
FileDescriptor OpenFile(const fs::path& path, int flags, std::string_view action);

// The whole content, to its end: also of a pipe or of a file whose size the system does not know.
// Throws Error(kInput) where it is longer than `most_bytes`, of which no more is read.
std::string ReadTextFile(const fs::path& path, size_t most_bytes = SIZE_MAX);

// Up to `size` bytes from `offset` on; fewer only where the file ends.
std::string ReadAt(int descriptor, uint64_t offset, size_t size, const fs::path& path);

// Writes all bytes or throws: where the descriptor stands, or at `offset`.
void WriteAll(int descriptor, const void* bytes, size_t size, const fs::path& path);
void WriteAt(int descriptor, uint64_t offset, const void* bytes, size_t size, const fs::path& path);

// Makes what was written durable.
void SyncFile(int descriptor, const fs::path& path);

// Makes a rename or a new file in `path` durable.
void SyncDirectory(const fs::path& path);

// Bytes of the file; 0 where there is none.
uint64_t SizeOrZero(const fs::path& path);

void MakeDirectories(const fs::path& path);

// Takes the place of what is at `to`, unless that is a folder that is not empty.
void Rename(const fs::path& from, const fs::path& to);

// The folder that holds `path`: "." for a bare name.
fs::path FolderOf(const fs::path& path);

}  // namespace upcycle
