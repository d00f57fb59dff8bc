// How a stage begins.

#include <algorithm>

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "core/heartbeat.h"
#include "core/shell_word.h"
#include "core/temporary_name.h"
#include "experiments/run/worker_exit.h"
#include "experiments/scheduling/scheduler.h"
#include "experiments/study/prediction.h"

namespace upcycle {

void Scheduler::StartReady() {
  if (ready_.empty() || StartsNothingMore()) return;
  if (options_.why_no_more) outcome_.halted = options_.why_no_more();
  const bool crowded_out = std::ranges::any_of(
      ready_, [&](const auto& ready) { return pending_.at(ready.second).crowded_out; });
  if (crowded_out) machine_.LookAgain(time_.Seconds());
  bool gpus_are_full = false;
  for (auto next = ready_.begin(); next != ready_.end() && !StartsNothingMore();) {
    const Fingerprint stage = (next++)->second;
    if (static_cast<int>(running_.size()) >= options_.jobs) return;
    if (!MayRunBesideOthers(stage)) continue;
    // A stage without room waits, and what else needs a GPU waits behind it, or smaller ones would
    // always pass.
    if (gpus_are_full && machine_.NeedsGpu(stage)) continue;
    if (IsHeld(stage) || IsTaken(stage) || IsRuledOut(stage) || IsUnasked(stage)) continue;
    const Room room = TakeRoom(stage);
    pending_.at(stage).crowded_out = room.lack == Room::Lack::kGpuOfOthers;
    if (!room.why.empty()) SayWhyItWaits(stage, room.why);
    // Nor may smaller ones pass a stage that waits for memory.
    if (room.lack == Room::Lack::kMemory) return;
    if (room.lack == Room::Lack::kNothing) {
      Start(stage, room.device);
    } else {
      gpus_are_full = true;
    }
  }
}

Room Scheduler::TakeRoom(const Fingerprint& identity) {
  if (!options_.threads_elsewhere) return machine_.Take(identity);
  const Stage& stage = study_.stages.at(identity);
  return {.device = ComputesOnDevice(stage.kind) ? ReadExecution(stage).device : "cpu"};
}

bool Scheduler::MayRunBesideOthers(const Fingerprint& stage) const {
  if (running_.empty() || options_.threads_elsewhere) return true;
  return !pending_.at(stage).alone && std::none_of(running_.begin(), running_.end(), [&](auto& r) {
    return pending_.at(r.first).alone;
  });
}

// Results do not depend on the number of threads, so a stage that runs alone may have every core.
int64_t Scheduler::ThreadsFor(const Fingerprint& stage) const {
  const int64_t asked = study_.stages.at(stage).execution.value("threads", int64_t{0});
  if (asked > 0) return asked;
  if (options_.threads_elsewhere) return *options_.threads_elsewhere;
  const auto wanting = static_cast<int64_t>(ready_.size() + running_.size());
  const int64_t together = pending_.at(stage).alone ? 1 : std::min<int64_t>(options_.jobs, wanting);
  return std::max<int64_t>(1, options_.cores / std::max<int64_t>(1, together));
}

bool Scheduler::IsTaken(const Fingerprint& stage) {
  const auto holder = FileLock::HolderOf(FolderOf(stage).lock());
  pending_.at(stage).taken = holder.has_value();
  if (!holder) return false;
  if (Adopt(stage)) return true;
  SayWhyHeld(stage, StageState::kWaiting,
             fmt::format("for {}, which is at it already", Describe(*holder)));
  return true;
}

bool Scheduler::IsHeld(const Fingerprint& stage) {
  const auto hold = control_.HoldOf(stage);
  if (!hold) return false;
  if (hold->kind == HoldKind::kCancelled) early_stopping_.Drop(stage);  // or others would wait
  SayWhyHeld(stage, hold->kind == HoldKind::kPaused ? StageState::kWaiting : StageState::kStopped,
             fmt::format("{}{}; `upcycle resume {}` lets it go on", NameOf(hold->kind),
                         hold->by.empty() ? "" : " by " + hold->by, ShellWord(hold->scope.study)));
  return true;
}

bool Scheduler::IsRuledOut(const Fingerprint& stage) {
  const EarlyStopping::Ruling ruling = early_stopping_.Of(stage);
  if (ruling.kind == EarlyStopping::Ruling::Kind::kGo) return false;
  if (ruling.kind == EarlyStopping::Ruling::Kind::kWait) {
    SayWhyHeld(stage, StageState::kWaiting, ruling.reason);
  } else {
    Prune(stage, ruling.reason);
  }
  return true;
}

void Scheduler::SayWhyItWaits(const Fingerprint& stage, const std::string& reason) {
  const bool attempted = pending_.at(stage).attempted;
  SayWhyHeld(stage, StageState::kWaiting, reason);
  pending_.at(stage).attempted = attempted;
}

bool Scheduler::IsUnasked(const Fingerprint& stage) {
  const std::string why = seed_turns_.WhyNotAsked(stage);
  if (why.empty()) return false;
  Pending& pending = pending_.at(stage);
  if (pending.held != why) ledger_.SetStageState(stage, StageState::kPlanned, why);
  pending.held = why;
  return true;
}

void Scheduler::SayWhyHeld(const Fingerprint& stage, StageState state, const std::string& reason) {
  Pending& pending = pending_.at(stage);
  if (pending.held == reason) return;
  pending.held = reason;
  pending.attempted = true;
  ledger_.SetStageState(stage, state, reason);
  observer_.Held(stage, reason);
}

bool Scheduler::Adopt(const Fingerprint& stage) {
  if (!executor_.Adopt(stage, FolderOf(stage).path())) return false;
  StageFollower follower = OpenFollower(stage);
  // Where it has ended since the ledger was brought up to date, no other attempt is to come.
  if (!follower.end()) follower.ExpectAttempt(ledger_.HasOpenAttempt(stage));
  Watch(stage, std::move(follower), 0, 0);
  return true;
}

void Scheduler::Start(const Fingerprint& identity, const std::string& device) {
  const StageFolder folder = FolderOf(identity);
  try {
    MakeDirectories(folder.path());
    WriteFileAtomically(folder.description(), study_.stages.at(identity).ToJson().dump(2) + "\n");
    StageFollower follower = OpenFollower(identity);
    follower.ExpectAttempt(/*begun=*/false);
    const uint64_t log_begin = SizeOrZero(folder.log());
    const int64_t threads = ThreadsFor(identity);
    Job job = {.stage = identity,
               .folder = folder.path(),
               .threads = threads,
               .device = device,
               .until_step = early_stopping_.Of(identity).until.value_or(0),
               .launch = options_.launch,
               .checked = options_.checked};
    if (options_.threads_elsewhere) {
      const Stage& stage = study_.stages.at(identity);
      job.time_limit_hours = ReadExecution(stage).time_limit_hours;
      job.memory_bytes =
          std::max(PredictStage(stage, 0).memory_bytes, DeviceBytesOf(study_, stage));
      job.wanted_memory = pending_.at(identity).alone;
    }
    executor_.Start(job);
    Watch(identity, std::move(follower), log_begin, threads);
  } catch (const Error& error) {
    // The attempt could not even begin.
    machine_.Release(identity);
    ready_.erase(turns_.at(identity));
    const AttemptEnd end = {.outcome = OutcomeOf(error.cause()),
                            .cause = std::string(CauseName(error.cause())),
                            .message = error.what()};
    ledger_.SetStageState(identity, end.outcome, end.message);
    Settle(identity, end, {});
  }
}

void Scheduler::Watch(const Fingerprint& stage, StageFollower follower, uint64_t log_begin,
                      int64_t threads) {
  const Pulse pulse(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
  running_.emplace(
      stage, Running{.follower = std::move(follower),
                     .pulse = pulse,
                     .log_begin = log_begin,
                     .threads = threads,
                     .until_step = early_stopping_.Of(stage).until.value_or(0),
                     .began = time_.Seconds(),
                     .time_limit_hours = ReadExecution(study_.stages.at(stage)).time_limit_hours});
  if (running_.size() > 1) {
    for (auto& [_, running] : running_) running.had_company = true;
  }
  ready_.erase(turns_.at(stage));
  Pending& pending = pending_.at(stage);
  pending.attempted = true;
  pending.taken = false;
  pending.held.clear();
  Runs(stage, running_.at(stage));
}

StageFollower Scheduler::OpenFollower(const Fingerprint& stage) {
  const StageFolder folder = FolderOf(stage);
  try {
    StageFollower follower(stage, folder, ledger_);
    follower.Follow();
    return follower;
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
  }
  // It stays for whoever wants to look at it; the stage is done anew.
  Rename(folder.journal(), NumberedName(folder.journal(), "damaged"));
  return StageFollower(stage, folder, ledger_);  // the ledger forgets the stage
}

}  // namespace upcycle
