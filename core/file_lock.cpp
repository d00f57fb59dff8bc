#include "core/file_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

// A line as wide as any other holder's, so that one write replaces it whole. On a full disk there
// may be no room for it: the lock holds without.
void WriteHolder(int file) {
  constexpr size_t kWidth = 512;
  std::string line = TextOf(ThisProcess());
  line.resize(kWidth - 1, ' ');
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::pwrite(file, line.data(), line.size(), 0);
}

}  // namespace

std::optional<FileLock> FileLock::TryAcquire(const fs::path& path) {
  FileDescriptor file = OpenFile(path, O_RDWR | O_CREAT, "lock");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    WriteHolder(file.get());
    return FileLock(std::move(file));
  }
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw SystemError("lock", path.native(), errno);
}

bool FileLock::IsHeld(const fs::path& path) {
  std::error_code absent;
  if (!fs::exists(path, absent)) return false;
  const FileDescriptor file = OpenFile(path, O_RDONLY, "look at the lock");
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  throw SystemError("look at the lock", path.native(), errno);
}

std::optional<ProcessIdentity> FileLock::HolderOf(const fs::path& path) {
  if (!IsHeld(path)) return std::nullopt;
  return ProcessFromText(ReadTextFile(path)).value_or(ProcessIdentity{});
}

}  // namespace upcycle
