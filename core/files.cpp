#include "core/files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
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

void RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw SystemError("remove", path.native(), error.value());
}

fs::path TemporaryName(const fs::path& path, int process) {
  return fmt::format("{}.{}.tmp", path.native(), process);
}

bool IsRunning(int process) { return ::kill(process, 0) == 0 || errno != ESRCH; }

// The process that TemporaryName(path, process) was made for, or 0 for any other name.
int ProcessOfTemporary(const fs::path& path, const fs::path& candidate) {
  const std::string& name = candidate.native();
  const std::string prefix = path.native() + ".";
  const std::string_view suffix = ".tmp";
  if (name.size() <= prefix.size() + suffix.size()) return 0;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return 0;
  const char* end = name.data() + name.size() - suffix.size();
  int process = 0;
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, process);
  return stop == end && error == std::errc() ? std::max(process, 0) : 0;
}

// What processes that were killed inside a transaction on `target` left behind.
void RemoveLeftovers(const fs::path& target) {
  std::error_code error;
  for (fs::directory_iterator entry(ParentOf(target), error), end; !error && entry != end;
       entry.increment(error)) {
    const int process = ProcessOfTemporary(target.filename(), entry->path().filename());
    if (process > 0 && (process == ::getpid() || !IsRunning(process))) RemoveAll(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw SystemError("read the folder", ParentOf(target).native(), error.value());
  }
}

void SyncTree(const fs::path& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) SyncDirectory(entry->path());
    if (!entry->is_regular_file(error)) continue;
    const FileDescriptor file = Open(entry->path(), O_RDONLY, "sync");
    Sync(file.get(), entry->path());
  }
  if (error) throw SystemError("read the folder", directory.native(), error.value());
  SyncDirectory(directory);
}

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

// Gives `to` the content of `from` in one step where the file system can exchange two names; what
// was at `to`, if anything, is then at `from`.
void Replace(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno == ENOENT) return Rename(from, to);
  if (errno != EINVAL && errno != ENOSYS) throw SystemError("rename to", to.native(), errno);
  internal::ReplaceInTwoSteps(from, to);
}

}  // namespace

void internal::ReplaceInTwoSteps(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(to, error)) return Rename(from, to);
  const fs::path old = fmt::format("{}.old", to.native());
  RemoveAll(old);
  Rename(to, old);
  try {
    Rename(from, to);
  } catch (...) {
    Rename(old, to);
    throw;
  }
  RemoveAll(old);
}

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
  const FileDescriptor file = Open(path, O_RDONLY, "read");
  return ReadBlocks(path, std::numeric_limits<size_t>::max(),
                    [&](char* to, size_t size, size_t) { return ::read(file.get(), to, size); });
}

std::string ReadAt(int descriptor, uint64_t offset, size_t size, const fs::path& path) {
  return ReadBlocks(path, size, [&](char* to, size_t wanted, size_t filled) {
    return ::pread(descriptor, to, wanted, static_cast<off_t>(offset + filled));
  });
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
  const fs::path temporary = TemporaryName(path, ::getpid());
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
    : target_(std::move(target)), temporary_(TemporaryName(target_, ::getpid())) {
  UPCYCLE_CHECK(target_.has_filename());
  RemoveLeftovers(target_);
  MakeDirectories(temporary_);
}

DirectoryTransaction::~DirectoryTransaction() {
  if (committed_) return;
  std::error_code ignored;  // a leftover is removed by the next transaction on the same target
  fs::remove_all(temporary_, ignored);
}

void DirectoryTransaction::Commit() {
  SyncTree(temporary_);
  Replace(temporary_, target_);
  committed_ = true;
  SyncDirectory(ParentOf(target_));
  std::error_code ignored;  // the old content, if it cannot be removed now, is a leftover too
  fs::remove_all(temporary_, ignored);
}

MappedFile::MappedFile(const fs::path& path) {
  // Opening a pipe that has no writer would wait for one.
  const FileDescriptor file = Open(path, O_RDONLY | O_NONBLOCK, "read");
  struct stat status;
  if (::fstat(file.get(), &status) != 0) throw SystemError("read", path.native(), errno);
  if (S_ISDIR(status.st_mode)) throw SystemError("read", path.native(), EISDIR);
  if (!S_ISREG(status.st_mode)) {
    throw Error(Cause::kInput, fmt::format("cannot map {}: it is a pipe or a device; give a "
                                           "regular file",
                                           path.native()));
  }
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
