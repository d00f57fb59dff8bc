// A folder that appears whole: fill `path()`, then `Commit()` syncs all that is in it and puts it
// in the place of `target`, replacing what was there. Not committed, it is removed; what a killed
// process left behind is removed by the next transaction on the same target. Processes of several
// machines that fill one target hold a lock of their own around it.
#pragma once

#include "core/files.h"

namespace upcycle {

class DirectoryTransaction {
 public:
  explicit DirectoryTransaction(fs::path target);
  ~DirectoryTransaction();
  DirectoryTransaction(const DirectoryTransaction&) = delete;
  DirectoryTransaction& operator=(const DirectoryTransaction&) = delete;

  const fs::path& path() const { return temporary_; }
  void Commit();

 private:
  fs::path target_;
  fs::path temporary_;
  bool committed_ = false;
};

namespace internal {

// For file systems that cannot exchange two names, where a folder cannot be renamed onto a full
// one: `to` steps aside first, and comes back if `from` cannot follow. A crash between the two
// renames leaves `to` absent and its content under `to`.old.
void ReplaceInTwoSteps(const fs::path& from, const fs::path& to);

}  // namespace internal
}  // namespace upcycle
