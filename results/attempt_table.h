// The attempts of stages: how they begin and end, and what that makes of the stage. Part of the
// writer; the caller holds the transaction.
#pragma once

#include <cstdint>
#include <string_view>

#include "results/database.h"
#include "results/journal_events.h"
#include "results/records.h"

namespace upcycle {

class AttemptTable {
 public:
  explicit AttemptTable(Database& ledger);

  void SetState(int64_t stage, StageState state, std::string_view reason);
  void Begin(int64_t stage, const AttemptStart& start);
  bool End(int64_t stage, const AttemptEnd& end);  // false: no attempt is open

 private:
  void Close(int64_t stage, int64_t number, const AttemptEnd& end);

  Statement last_;
  Statement insert_;
  Statement complete_start_;
  Statement close_;
  Statement set_state_;
};

}  // namespace upcycle
