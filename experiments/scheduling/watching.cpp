// What is looked at while stages run, and what is made of how their processes end.

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/heartbeat.h"
#include "experiments/run/worker_exit.h"
#include "experiments/scheduling/scheduler.h"

namespace upcycle {

void Scheduler::Advance() {
  for (auto& [stage, running] : running_) {
    if (FollowOrEnd(stage, running)) observer_.Progressed(stage, running.follower.progress());
    if (!Runs(stage, running)) continue;
    EndAfterItsTime(stage, running);
    running.pulse.Hear(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
    if (running.pulse.SilentSeconds(time_.Seconds()) < options_.lease_seconds) continue;
    Sentence(stage, running, Cause::kLost,
             fmt::format("gave no sign of life for {:.0f} s: it was stopped, hangs in the system, "
                         "or its machine went away",
                         options_.lease_seconds));
  }
}

// What its own word said last stands, unless that was a stop, after which it may wait for another
// turn. What waits ages in no respect.
bool Scheduler::Runs(const Fingerprint& stage, Running& running) {
  std::optional<std::string> waits = executor_.WhyItWaits(stage);
  const bool runs = !waits.has_value();
  if (!runs) {
    running.pulse = Pulse(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
    running.began = time_.Seconds();
  }
  const auto& own_word = running.follower.end();
  const bool has_ended = own_word && own_word->outcome != StageState::kStopped;
  if (waits == running.waits || has_ended) return runs;
  running.waits = std::move(waits);
  running.hides_own_word = own_word.has_value();
  if (runs) {
    ledger_.SetStageState(stage, StageState::kRunning);
    observer_.Started(stage, running.threads);
  } else {
    ledger_.SetStageState(stage, StageState::kWaiting, *running.waits);
    observer_.Queued(stage, *running.waits);
  }
  return runs;
}

// A journal that is damaged while it grows ends the attempt; the next one begins a new journal.
bool Scheduler::FollowOrEnd(const Fingerprint& stage, Running& running) {
  if (running.journal_is_damaged) return false;
  try {
    return running.follower.Follow();
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
    running.journal_is_damaged = true;
    Sentence(stage, running, Cause::kLost, error.what());
    return false;
  }
}

void Scheduler::Sentence(const Fingerprint& stage, Running& running, Cause cause,
                         const std::string& reason) {
  if (running.sentence) return;
  running.sentence = AttemptEnd{
      .outcome = OutcomeOf(cause), .cause = std::string(CauseName(cause)), .message = reason};
  executor_.Kill(stage);
}

// It may write its checkpoint first.
void Scheduler::EndAfterItsTime(const Fingerprint& stage, Running& running) {
  if (running.kill_at) {
    if (time_.Seconds() >= *running.kill_at) executor_.Kill(stage);
    return;
  }
  const double hours = running.time_limit_hours;
  if (hours == 0 || running.sentence || time_.Seconds() < running.began + 3600 * hours) return;
  running.sentence = AttemptEnd{
      .outcome = OutcomeOf(Cause::kTimeout),
      .cause = std::string(CauseName(Cause::kTimeout)),
      .message = fmt::format("took longer than execution.time_limit_hours={:g}; raise it, and the "
                             "same command goes on from the last checkpoint",
                             hours)};
  running.kill_at = time_.Seconds() + options_.lease_seconds;
  executor_.Stop(stage);
}

void Scheduler::Finish(const JobEnd& job) {
  auto node = running_.extract(job.stage);
  UPCYCLE_CHECK(!node.empty());
  Running& running = node.mapped();
  machine_.Release(job.stage);
  FollowOrEnd(job.stage, running);
  const auto& own_word = running.follower.end();
  if (!own_word && job.exit_code == static_cast<int>(WorkerExit::kBusy)) {
    return MakeReady(job.stage);  // IsTaken says whom it waits for
  }
  const AttemptCircumstances known = {.begun = running.follower.begun(),
                                      .own_word = own_word,
                                      .asked_to_stop = running.asked_to_stop,
                                      .sentence = running.sentence,
                                      .log_begin = running.log_begin};
  const AttemptEnd end = JudgeEnd(job, known, FolderOf(job.stage), options_.log_policies);
  RecordEnd(job, known, end, running);
  if (end.outcome == StageState::kComplete && job.peak_memory_bytes) {
    machine_.Learn(job.stage, *job.peak_memory_bytes);
  }
  early_stopping_.Look(job.stage);
  const int64_t step = running.follower.progress().step;
  const bool is_far_enough = running.until_step > 0 && step >= running.until_step;
  Settle(job.stage, end,
         {.step = step,
          .was_asked = running.asked_to_stop || is_far_enough,
          .was_alone = !running.had_company && !options_.threads_elsewhere});
  seed_turns_.Look();
}

void Scheduler::RecordEnd(const JobEnd& job, const AttemptCircumstances& known,
                          const AttemptEnd& end, Running& running) {
  try {
    if (!running.journal_is_damaged && RecordJudgement(FolderOf(job.stage), job, known, end)) {
      running.follower.Follow();
      if (!running.hides_own_word) return;
    }
  } catch (const Error&) {
    // No room for it, say: then the ledger alone knows.
  }
  ledger_.SetStageState(job.stage, end.outcome, end.message);
}

}  // namespace upcycle
