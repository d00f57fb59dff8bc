#include "core/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

// Up to `size` bytes from `read(to, wanted, filled)`, which answers as ::read does.
template <typename Read>
std::string ReadBlocks(const fs::path& path, size_t size, Read read) {
  constexpr size_t kBlockBytes = 1 << 16;
  std::string bytes;
  while (bytes.size() < size) {
    const size_t filled = bytes.size();
    const size_t wanted = std::min(kBlockBytes, size - filled);
    bytes.resize(filled + wanted);
    const ssize_t count = read(bytes.data() + filled, wanted, filled);
    if (count < 0 && errno != EINTR) throw SystemError("read", path.native(), errno);
    bytes.resize(filled + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) break;
  }
  return bytes;
}

// All bytes through `write(from, wanted, written)`, which answers as ::write does.
template <typename Write>
void WriteBlocks(const fs::path& path, const void* bytes, size_t size, Write write) {
  const char* begin = static_cast<const char*>(bytes);
  size_t written = 0;
  while (written < size) {
    const ssize_t count = write(begin + written, size - written, written);
    if (count < 0 && errno != EINTR) throw SystemError("write", path.native(), errno);
    written += static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileDescriptor OpenFile(const fs::path& path, int flags, std::string_view action) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) throw SystemError(action, path.native(), errno);
  return FileDescriptor(descriptor);
}

std::string ReadTextFile(const fs::path& path, size_t most_bytes) {
  const FileDescriptor file = OpenFile(path, O_RDONLY, "read");
  const size_t and_one = most_bytes == SIZE_MAX ? most_bytes : most_bytes + 1;
  std::string text = ReadBlocks(
      path, and_one, [&](char* to, size_t size, size_t) { return ::read(file.get(), to, size); });
  if (text.size() <= most_bytes) return text;
  throw Error(Cause::kInput,
              fmt::format("cannot read {}: it has more than the {} bytes that any such file needs",
                          path.native(), most_bytes));
}

std::string ReadAt(int descriptor, uint64_t offset, size_t size, const fs::path& path) {
  return ReadBlocks(path, size, [&](char* to, size_t wanted, size_t filled) {
    return ::pread(descriptor, to, wanted, static_cast<off_t>(offset + filled));
  });
}

void WriteAll(int descriptor, const void* bytes, size_t size, const fs::path& path) {
  WriteBlocks(path, bytes, size, [&](const char* from, size_t wanted, size_t) {
    return ::write(descriptor, from, wanted);
  });
}

void WriteAt(int descriptor, uint64_t offset, const void* bytes, size_t size,
             const fs::path& path) {
  WriteBlocks(path, bytes, size, [&](const char* from, size_t wanted, size_t written) {
    return ::pwrite(descriptor, from, wanted, static_cast<off_t>(offset + written));
  });
}

void SyncFile(int descriptor, const fs::path& path) {
  // Some file systems cannot sync a folder and say so with EINVAL; nothing more can be done there.
  if (::fsync(descriptor) != 0 && errno != EINVAL) throw SystemError("sync", path.native(), errno);
}

void SyncDirectory(const fs::path& path) {
  const FileDescriptor directory = OpenFile(path, O_RDONLY | O_DIRECTORY, "open the folder");
  SyncFile(directory.get(), path);
}

uint64_t SizeOrZero(const fs::path& path) {
  std::error_code absent;
  const uint64_t size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

void MakeDirectories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw SystemError("create the folder", path.native(), error.value());
}

void Rename(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw SystemError("rename to", to.native(), errno);
}

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace upcycle
