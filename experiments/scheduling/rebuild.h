// The ledger made again from the journals: the root's own and those of all stages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"

namespace upcycle {

struct Rebuilt {
  int64_t studies = 0;
  int64_t stages = 0;                      // that a journal was read of
  std::vector<std::string> problems = {};  // what could not be read, and what that means
  fs::path old_ledger = {};                // where the one before is kept; empty: there was none
};

// Throws Error(kInput) where there is neither a ledger nor the root's journal.
void RequireSomethingToRebuild(const fs::path& root);

// Makes ROOT/ledger.sqlite anew and keeps the one before beside it. Studies that only the old
// ledger knows, being older than the root's journal, are taken from it as far as it can be read.
// Until the new one is whole nothing is changed. The caller holds the root's lock. Throws
// Error(kInput) where there are neither journals nor a ledger to begin with.
Rebuilt RebuildLedger(const fs::path& root);

}  // namespace upcycle
