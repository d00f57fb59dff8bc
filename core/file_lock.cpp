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

}  // namespace upcycle
