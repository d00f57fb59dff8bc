#include "results/ledger/unfinished_ledger.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr const char* kCompanions[] = {"-journal", "-wal", "-shm"};

void RemoveDatabase(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  for (const char* companion : kCompanions) fs::remove(path.native() + companion, ignored);
}

}  // namespace

UnfinishedLedger::UnfinishedLedger(fs::path target)
    : target_(std::move(target)), path_(TemporaryName(target_)) {
  for (const fs::path& leftover : LeftoversOf(target_)) RemoveDatabase(leftover);
  Remove();
}

UnfinishedLedger::~UnfinishedLedger() { Remove(); }

void UnfinishedLedger::Remove() { RemoveDatabase(path_); }

void UnfinishedLedger::PutWhereNothingIs() {
  const auto put = [this](unsigned flags) {
    return ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), flags) == 0;
  };
  if (put(RENAME_NOREPLACE) || errno == EEXIST) {
    SyncDirectory(FolderOf(target_));
    return;
  }
  // Some file systems cannot refuse to replace; few of those have hard links, which can.
  if (::link(path_.c_str(), target_.c_str()) != 0 && errno != EEXIST) Rename(path_, target_);
  SyncDirectory(FolderOf(target_));
}

fs::path UnfinishedLedger::PutInPlace() {
  fs::path kept;
  if (fs::exists(target_)) {
    kept = NumberedName(target_, "before-rebuild");
    // A log beside the old file must not be taken for the new one's: it goes first.
    for (const char* companion : kCompanions) {
      const fs::path file = target_.native() + companion;
      if (fs::exists(file)) Rename(file, kept.native() + companion);
    }
    fs::copy_file(target_, kept);
  }
  Rename(path_, target_);
  SyncDirectory(FolderOf(target_));
  return kept;
}

}  // namespace upcycle
