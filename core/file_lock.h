// An exclusive advisory lock on a file, held until destruction or the end of the process, however
// it ends. The file names its holder, for those who find it locked.
#pragma once

#include <optional>
#include <utility>

#include "core/files.h"
#include "core/process_identity.h"

namespace upcycle {

class FileLock {
 public:
  // Makes the file where there is none. Empty if another process holds the lock; those who only
  // look are waited for, for a second.
  static std::optional<FileLock> TryAcquire(const fs::path& path);

  // Whether another process holds the lock now. Makes no file.
  static bool IsHeld(const fs::path& path);

  // Who holds the lock now; its pid is 0 where the holder is only known to be there. As IsHeld.
  static std::optional<ProcessIdentity> HolderOf(const fs::path& path);

 private:
  explicit FileLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

}  // namespace upcycle
