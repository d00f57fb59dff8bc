#include "core/file_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "core/error.h"

namespace upcycle {

std::optional<FileLock> FileLock::TryAcquire(const fs::path& path) {
  FileDescriptor file = OpenFile(path, O_RDWR | O_CREAT, "lock");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
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

}  // namespace upcycle
