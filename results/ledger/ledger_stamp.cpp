#include "results/ledger/ledger_stamp.h"

#include <sys/stat.h>

#include "results/ledger/database.h"

namespace upcycle {
namespace {

LedgerStamp::File FileStampOf(const fs::path& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {.device = facts.st_dev,
          .inode = facts.st_ino,
          .bytes = facts.st_size,
          .written_seconds = facts.st_mtim.tv_sec,
          .written_nanoseconds = facts.st_mtim.tv_nsec};
}

}  // namespace

LedgerStamp StampOf(const fs::path& ledger) {
  return {.database = FileStampOf(ledger),
          .log = FileStampOf(PathBehindLinks(ledger).native() + "-wal")};
}

}  // namespace upcycle
