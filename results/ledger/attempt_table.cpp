#include "results/ledger/attempt_table.h"

#include "core/error.h"

namespace upcycle {

AttemptTable::AttemptTable(Database& ledger)
    : last_(ledger.Prepare("SELECT number, outcome IS NULL, host, pid FROM attempt "
                           "WHERE stage = ? ORDER BY number DESC LIMIT 1")),
      insert_(ledger.Prepare("INSERT INTO attempt (stage, number, host, pid, device, started, "
                             "launch, provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")),
      complete_start_(ledger.Prepare(
          "UPDATE attempt SET device = ?, started = coalesce(?, started), provenance = ? "
          "WHERE stage = ? AND number = ?")),
      // A judge knows less than the worker of what the attempt took.
      close_(ledger.Prepare(
          "UPDATE attempt SET outcome = ?, cause = ?, message = ?, "
          "exit_code = coalesce(?, exit_code), signal = coalesce(?, signal), "
          "peak_memory_bytes = coalesce(peak_memory_bytes, ?), "
          "wall_seconds = coalesce(wall_seconds, ?), cpu_seconds = coalesce(cpu_seconds, ?), "
          "ended = coalesce(ended, ?) WHERE stage = ? AND number = ?")),
      set_state_(ledger.Prepare("UPDATE stage SET state = ?, reason = ? WHERE id = ?")) {}

void AttemptTable::SetState(int64_t stage, StageState state, std::string_view reason) {
  set_state_.Bind(NameOf(state), reason, stage).Run();
}

void AttemptTable::Begin(int64_t stage, const AttemptStart& start) {
  const Last last = LastOf(stage);
  SetState(stage, StageState::kRunning, "");
  if (last.open && last.host == start.host && last.pid == start.pid) {
    complete_start_.Bind(start.device, start.time, start.provenance, stage, last.number).Run();
    return;
  }
  if (last.open) {
    Close(stage, last.number,
          {.outcome = StageState::kFailed,
           .cause = std::string(CauseName(Cause::kKilled)),
           .message = "ended without a word: killed, or its machine went down"});
  }
  Insert(stage, last.number + 1, start);
}

void AttemptTable::End(int64_t stage, const AttemptEnd& end) {
  Judge(stage, {.begun = LastOf(stage).open, .end = end});
}

void AttemptTable::Judge(int64_t stage, const AttemptJudgement& judgement) {
  const Last last = LastOf(stage);
  const bool is_known = judgement.begun && last.number > 0;
  if (!is_known) Insert(stage, last.number + 1, {});
  Close(stage, is_known ? last.number : last.number + 1, judgement.end);
  SetState(stage, judgement.end.outcome, judgement.end.message);
}

AttemptTable::Last AttemptTable::LastOf(int64_t stage) {
  Last last;
  last_.Bind(stage);
  if (last_.Step()) last = {last_.Int(0), last_.Int(1) != 0, last_.Text(2), last_.Int(3)};
  last_.Reset();
  return last;
}

void AttemptTable::Insert(int64_t stage, int64_t number, const AttemptStart& start) {
  insert_
      .Bind(stage, number, start.host, start.pid, start.device, start.time, start.launch,
            start.provenance)
      .Run();
}

void AttemptTable::Close(int64_t stage, int64_t number, const AttemptEnd& end) {
  close_
      .Bind(NameOf(end.outcome), end.cause, end.message, end.exit_code, end.signal,
            end.peak_memory_bytes, end.wall_seconds, end.cpu_seconds, end.time, stage, number)
      .Run();
}

}  // namespace upcycle
