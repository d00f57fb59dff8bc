#include "core/file_lock.h"

#include <cerrno>
#include <chrono>
#include <thread>

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

// Whether it was given at once.
bool Lock(int file, int kind, const fs::path& path) {
  if (::flock(file, kind | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw SystemError("lock", path.native(), errno);
}

constexpr int kMostLooks = 1000;  // of others, one after the other, that TryAcquire waits for

}  // namespace

std::optional<FileLock> FileLock::TryAcquire(const fs::path& path) {
  FileDescriptor file = OpenFile(path, O_RDWR | O_CREAT, "lock");
  for (int look = 0; look < kMostLooks; ++look) {
    if (Lock(file.get(), LOCK_EX, path)) {
      WriteHolder(file.get());
      return FileLock(std::move(file));
    }
    // Who only looks shares it for a moment; a holder shares it with nobody.
    if (!Lock(file.get(), LOCK_SH, path)) break;
    ::flock(file.get(), LOCK_UN);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::nullopt;
}

bool FileLock::IsHeld(const fs::path& path) {
  std::error_code absent;
  if (!fs::exists(path, absent)) return false;
  const FileDescriptor file = OpenFile(path, O_RDONLY, "look at the lock");
  return !Lock(file.get(), LOCK_SH, path);
}

std::optional<ProcessIdentity> FileLock::HolderOf(const fs::path& path) {
  if (!IsHeld(path)) return std::nullopt;
  return ProcessFromText(ReadTextFile(path)).value_or(ProcessIdentity{});
}

}  // namespace upcycle
