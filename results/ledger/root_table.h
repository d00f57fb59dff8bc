// What came from the root's own journal: launches and holds. Part of the writer; the caller holds
// the transaction.
#pragma once

#include <cstdint>
#include <string>

#include "results/ledger/database.h"
#include "results/ledger/root_events.h"

namespace upcycle {

class RootTable {
 public:
  explicit RootTable(Database& ledger);

  void Start(const LaunchStart& launch);
  void End(const LaunchEnd& launch);
  void Set(const HoldSet& hold);
  void Lift(const HoldLifted& hold);

  int64_t LastLaunch();  // 0: none yet
  uint64_t Offset();
  void SetOffset(uint64_t offset);

 private:
  Statement start_;
  Statement end_;
  Statement set_;
  Statement lift_;
  Statement last_;
  Statement offset_;
  Statement set_offset_;
};

}  // namespace upcycle
