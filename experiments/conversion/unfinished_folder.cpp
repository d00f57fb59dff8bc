#include "experiments/conversion/unfinished_folder.h"

#include <utility>

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr const char* kLock = ".lock";
constexpr const char* kIdentity = ".identity";

}  // namespace

UnfinishedFolder::UnfinishedFolder(fs::path target, const Fingerprint& identity)
    : target_(std::move(target)), path_(target_.native() + ".unfinished") {
  if (fs::exists(fs::symlink_status(target_))) {
    throw Error(Cause::kInput,
                fmt::format("{} exists already; remove it or choose another -o", target_.native()));
  }
  MakeDirectories(path_);
  lock_ = FileLock::TryAcquire(path_ / kLock);
  if (!lock_) {
    throw Error(Cause::kInput, fmt::format("another process is filling {}; wait for it, or choose "
                                           "another -o",
                                           path_.native()));
  }
  const fs::path file = path_ / kIdentity;
  if (!fs::exists(file)) {
    WriteFileAtomically(file, identity.Hex());
    return;
  }
  is_resumed_ = true;
  if (ReadTextFile(file) == identity.Hex()) return;
  throw Error(Cause::kInput,
              fmt::format("{} holds the beginning of another conversion: other settings, or other "
                          "files. Remove it, or choose another -o",
                          path_.native()));
}

void UnfinishedFolder::Commit() {
  fs::remove(path_ / kIdentity);
  fs::remove(path_ / kLock);
  SyncDirectory(path_);
  Rename(path_, target_);
  SyncDirectory(FolderOf(target_));
}

}  // namespace upcycle
