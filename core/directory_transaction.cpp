#include "core/directory_transaction.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

void RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw SystemError("remove", path.native(), error.value());
}

void SyncTree(const fs::path& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) SyncDirectory(entry->path());
    if (!entry->is_regular_file(error)) continue;
    const FileDescriptor file = OpenFile(entry->path(), O_RDONLY, "sync");
    SyncFile(file.get(), entry->path());
  }
  if (error) throw SystemError("read the folder", directory.native(), error.value());
  SyncDirectory(directory);
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

DirectoryTransaction::DirectoryTransaction(fs::path target)
    : target_(std::move(target)), temporary_(TemporaryName(target_)) {
  UPCYCLE_CHECK(target_.has_filename());
  for (const fs::path& leftover : LeftoversOf(target_)) RemoveAll(leftover);
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
  SyncDirectory(FolderOf(target_));
  std::error_code ignored;  // the old content, if it cannot be removed now, is a leftover too
  fs::remove_all(temporary_, ignored);
}

}  // namespace upcycle
