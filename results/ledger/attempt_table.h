// The attempts of stages: how they begin and end, and what that makes of the stage. Part of the
// writer; the caller holds the transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/records.h"

namespace upcycle {

class AttemptTable {
 public:
  explicit AttemptTable(Database& ledger);

  bool HasOpen(int64_t stage) { return LastOf(stage).open; }
  void SetState(int64_t stage, StageState state, std::string_view reason);
  // Opens the next attempt; the same process's word again says more about the one that is open. An
  // open attempt of another process is closed: its worker never said how it ended.
  void Begin(int64_t stage, const AttemptStart& start);
  // Where no attempt is open, it is the end of one that did not say that it began.
  void End(int64_t stage, const AttemptEnd& end);
  void Judge(int64_t stage, const AttemptJudgement& judgement);

 private:
  struct Last {
    int64_t number = 0;  // 0: none yet
    bool open = false;
    std::string host = {};
    int64_t pid = 0;
  };
  Last LastOf(int64_t stage);
  void Insert(int64_t stage, int64_t number, const AttemptStart& start);
  void Close(int64_t stage, int64_t number, const AttemptEnd& end);

  Statement last_;
  Statement insert_;
  Statement complete_start_;
  Statement close_;
  Statement set_state_;
};

}  // namespace upcycle
