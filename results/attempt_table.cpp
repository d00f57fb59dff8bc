#include "results/attempt_table.h"

#include "core/error.h"

namespace upcycle {

AttemptTable::AttemptTable(Database& ledger)
    : last_(ledger.Prepare("SELECT number, outcome IS NULL, host, pid FROM attempt "
                           "WHERE stage = ? ORDER BY number DESC LIMIT 1")),
      insert_(ledger.Prepare("INSERT INTO attempt (stage, number, host, pid, device, started) "
                             "VALUES (?, ?, ?, ?, ?, ?)")),
      complete_start_(
          ledger.Prepare("UPDATE attempt SET device = ?, started = coalesce(?, started) "
                         "WHERE stage = ? AND number = ?")),
      close_(ledger.Prepare(
          "UPDATE attempt SET outcome = ?, cause = ?, message = ?, peak_memory_bytes = ?, "
          "wall_seconds = ?, cpu_seconds = ?, ended = ? WHERE stage = ? AND number = ?")),
      set_state_(ledger.Prepare("UPDATE stage SET state = ?, reason = ? WHERE id = ?")) {}

void AttemptTable::SetState(int64_t stage, StageState state, std::string_view reason) {
  set_state_.Bind(NameOf(state), reason, stage).Run();
}

void AttemptTable::Begin(int64_t stage, const AttemptStart& start) {
  int64_t number = 0;
  bool open = false, same_process = false;
  last_.Bind(stage);
  if (last_.Step()) {
    number = last_.Int(0);
    open = last_.Int(1) != 0;
    same_process = last_.Text(2) == start.host && last_.Int(3) == start.pid;
    last_.Reset();
  }
  if (open && same_process) {
    complete_start_.Bind(start.device, start.time, stage, number).Run();
  } else {
    if (open) {
      Close(stage, number,
            {.outcome = StageState::kFailed,
             .cause = std::string(CauseName(Cause::kInterrupted)),
             .message = "ended without a word: killed, or its machine went down"});
    }
    insert_.Bind(stage, number + 1, start.host, start.pid, start.device, start.time).Run();
  }
  SetState(stage, StageState::kRunning, "");
}

bool AttemptTable::End(int64_t stage, const AttemptEnd& end) {
  last_.Bind(stage);
  const bool open = last_.Step() && last_.Int(1) != 0;
  const int64_t number = open ? last_.Int(0) : 0;
  last_.Reset();
  if (!open) return false;
  Close(stage, number, end);
  SetState(stage, end.outcome, end.message);
  return true;
}

void AttemptTable::Close(int64_t stage, int64_t number, const AttemptEnd& end) {
  close_
      .Bind(NameOf(end.outcome), end.cause, end.message, end.peak_memory_bytes, end.wall_seconds,
            end.cpu_seconds, end.time, stage, number)
      .Run();
}

}  // namespace upcycle
