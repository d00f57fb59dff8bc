// Whether a ledger may have changed since somebody looked, for a few system calls.
#pragma once

#include <cstdint>

#include "core/files.h"

namespace upcycle {

struct LedgerStamp {
  struct File {
    uint64_t device = 0, inode = 0;
    int64_t bytes = -1;  // -1: it is not there
    int64_t written_seconds = 0, written_nanoseconds = 0;
    bool operator==(const File&) const = default;
  };
  File database, log;  // its write-ahead log
  bool operator==(const LedgerStamp&) const = default;
};

// Two equal stamps are those of the same ledger in the same state.
LedgerStamp StampOf(const fs::path& ledger);

}  // namespace upcycle
