#include "experiments/conversion/unfinished_folder.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr const char* kLock = ".lock";
constexpr const char* kIdentity = ".identity";

// "out/" names the same folder as "out".
fs::path WithoutSlash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

bool IsLeftover(const fs::path& path) {
  return std::string_view(path.native()).ends_with(kTemporaryEnding);
}

// Files that a killed attempt was writing. The lock says that no process writes them now.
void RemoveLeftovers(const fs::path& folder) {
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (IsLeftover(entry.path()) && entry.is_regular_file()) leftovers.push_back(entry.path());
  }
  for (const fs::path& leftover : leftovers) fs::remove(leftover);
}

}  // namespace

fs::path UnfinishedFolder::PathFor(const fs::path& target) {
  return WithoutSlash(target).native() + ".unfinished";
}

UnfinishedFolder::UnfinishedFolder(const fs::path& target, const Fingerprint& identity)
    : target_(WithoutSlash(target)), path_(PathFor(target)) {
  RequireAbsent();
  MakeDirectories(path_);
  Lock();
  is_resumed_ = fs::exists(path_ / kIdentity);
  if (is_resumed_) {
    Resume(identity);
  } else {
    Begin(identity);
  }
}

void UnfinishedFolder::RequireAbsent() const {
  if (!fs::exists(fs::symlink_status(target_))) return;
  throw Error(Cause::kInput,
              fmt::format("{} exists already; remove it or choose another -o", target_.native()));
}

void UnfinishedFolder::Lock() {
  lock_ = FileLock::TryAcquire(path_ / kLock);
  if (!lock_) {
    throw Error(Cause::kInput, fmt::format("another process is filling {}; wait for it, or choose "
                                           "another -o",
                                           path_.native()));
  }
  if (!fs::exists(fs::symlink_status(target_))) return;
  // Another process has finished since the target was looked for, and this folder is a new one.
  fs::remove(path_ / kLock);
  fs::remove(path_);
  RequireAbsent();
}

void UnfinishedFolder::Begin(const Fingerprint& identity) const {
  for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
    if (entry.path().filename() == kLock || IsLeftover(entry.path())) continue;
    throw Error(Cause::kInput,
                fmt::format("{} holds something that no conversion has left there, such as {}; "
                            "remove it, or choose another -o",
                            path_.native(), entry.path().filename().native()));
  }
  RemoveLeftovers(path_);
  WriteFileAtomically(path_ / kIdentity, identity.Hex());
}

void UnfinishedFolder::Resume(const Fingerprint& identity) const {
  if (ReadTextFile(path_ / kIdentity) == identity.Hex()) return RemoveLeftovers(path_);
  throw Error(Cause::kInput,
              fmt::format("{} holds the beginning of another conversion: other settings, or other "
                          "files. Remove it, or choose another -o",
                          path_.native()));
}

// What says whose the folder is goes last: were it gone before, another conversion could take over
// what is in there.
void UnfinishedFolder::Commit() {
  SyncDirectory(path_);
  Rename(path_, target_);
  fs::remove(target_ / kIdentity);
  fs::remove(target_ / kLock);
  SyncDirectory(target_);
  SyncDirectory(FolderOf(target_));
}

}  // namespace upcycle
