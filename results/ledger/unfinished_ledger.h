// A new ledger under a name of its own, until it is whole and takes its place in one step.
#pragma once

#include "core/files.h"

namespace upcycle {

class UnfinishedLedger {
 public:
  // Takes away first what processes that were killed left of theirs. The file itself is the
  // caller's to write, and to close before it is put in place.
  explicit UnfinishedLedger(fs::path target);
  // Removes the file and SQLite's companions of it, unless it was put in place.
  ~UnfinishedLedger();
  UnfinishedLedger(const UnfinishedLedger&) = delete;
  UnfinishedLedger& operator=(const UnfinishedLedger&) = delete;

  const fs::path& path() const { return path_; }

  // Gives the file its name, unless another process was faster: that one's ledger stays.
  void PutWhereNothingIs();

  // Puts it in the place of whatever is there, which is kept under the name that is given back;
  // an empty one where there was nothing.
  fs::path PutInPlace();

 private:
  void Remove();

  fs::path target_;
  fs::path path_;
};

}  // namespace upcycle
