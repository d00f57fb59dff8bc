#include "core/files.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

FileDescriptor Open(const fs::path& path, int flags, std::string_view action) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) throw SystemError(action, path.native(), errno);
  return FileDescriptor(descriptor);
}

void Sync(int descriptor, const fs::path& path) {
  // Some file systems cannot sync a folder and say so with EINVAL; nothing more can be done there.
  if (::fsync(descriptor) != 0 && errno != EINVAL) throw SystemError("sync", path.native(), errno);
}

void Rename(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw SystemError("rename to", to.native(), errno);
}

fs::path ParentOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
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

std::string ReadTextFile(const fs::path& path) {
  const MappedFile file(path);
  return std::string(file.text());
}

void WriteAll(int descriptor, const void* bytes, size_t size, const fs::path& path) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(descriptor, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("write", path.native(), errno);
    next += written;
    size -= static_cast<size_t>(written);
  }
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  const fs::path temporary = fmt::format("{}.{}.tmp", path.native(), ::getpid());
  try {
    const FileDescriptor file = Open(temporary, O_WRONLY | O_CREAT | O_TRUNC, "write");
    WriteAll(file.get(), content.data(), content.size(), temporary);
    Sync(file.get(), temporary);
    Rename(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  SyncDirectory(ParentOf(path));
}

void MakeDirectories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw SystemError("create the folder", path.native(), error.value());
}

void SyncDirectory(const fs::path& path) {
  const FileDescriptor directory = Open(path, O_RDONLY | O_DIRECTORY, "open the folder");
  Sync(directory.get(), path);
}

DirectoryTransaction::DirectoryTransaction(fs::path target)
    : target_(std::move(target)),
      temporary_(fmt::format("{}.{}.tmp", target_.native(), ::getpid())) {
  fs::remove_all(temporary_);
  MakeDirectories(temporary_);
}

DirectoryTransaction::~DirectoryTransaction() {
  if (committed_) return;
  std::error_code ignored;  // a leftover is removed by the next transaction on the same target
  fs::remove_all(temporary_, ignored);
}

void DirectoryTransaction::Commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) {
    if (!entry.is_regular_file()) continue;
    const FileDescriptor file = Open(entry.path(), O_RDONLY, "sync");
    Sync(file.get(), entry.path());
  }
  SyncDirectory(temporary_);
  // A folder cannot be renamed onto a full one, so the old one steps aside first. A crash between
  // the two renames leaves the target absent and the old content under its ".old" name.
  const fs::path old = fmt::format("{}.old", target_.native());
  fs::remove_all(old);
  if (fs::exists(target_)) Rename(target_, old);
  Rename(temporary_, target_);
  committed_ = true;
  SyncDirectory(ParentOf(target_));
  fs::remove_all(old);
}

MappedFile::MappedFile(const fs::path& path) {
  const FileDescriptor file = Open(path, O_RDONLY, "read");
  struct stat status;
  if (::fstat(file.get(), &status) != 0) throw SystemError("read", path.native(), errno);
  if (S_ISDIR(status.st_mode)) throw SystemError("read", path.native(), EISDIR);
  if (status.st_size == 0) return;
  const size_t size = static_cast<size_t>(status.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) throw SystemError("map", path.native(), errno);
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

std::optional<FileLock> FileLock::TryAcquire(const fs::path& path) {
  FileDescriptor file = Open(path, O_RDWR | O_CREAT, "lock");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw SystemError("lock", path.native(), errno);
}

}  // namespace upcycle
