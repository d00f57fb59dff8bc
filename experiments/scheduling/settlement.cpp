// What becomes of stages after one has ended.

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/stopwatch.h"
#include "experiments/scheduling/scheduler.h"

namespace upcycle {
namespace {

// Whether the stage itself has no part in how it ended.
bool IsInterruption(const AttemptEnd& end) {
  const Cause cause = CauseFromName(end.cause);
  return cause == Cause::kInterrupted || cause == Cause::kKilled || cause == Cause::kLost;
}

}  // namespace

void Scheduler::Settle(const Fingerprint& stage, const AttemptEnd& end, const Course& course) {
  if (end.outcome == StageState::kComplete) {
    observer_.Ended(stage, end.outcome, end.message);
    return Complete(stage);
  }
  if (stopping_ && IsInterruption(end)) {  // the next run goes on with it
    observer_.Ended(stage, end.outcome, end.message);
    return;
  }
  // It was asked to make way for a hold or a decision, which says so itself.
  if (course.was_asked && IsInterruption(end)) {
    observer_.Retried(stage, end.message);
    return MakeReady(stage);
  }
  switch (pending_.at(stage).retries.After(end, course.step, course.was_alone)) {
    case NextStep::kAgain:
      return TryAgain(stage, end, /*alone=*/false);
    case NextStep::kAlone:
      return TryAgain(stage, end, /*alone=*/true);
    case NextStep::kHalt:
      outcome_.halted = end.message;
      break;
    case NextStep::kGiveUp:
      break;
  }
  observer_.Ended(stage, end.outcome, end.message);
  GiveUp(stage, end);
}

void Scheduler::Complete(const Fingerprint& stage) {
  ++outcome_.done;
  pending_.erase(stage);
  std::vector<StageChange> changes;
  for (const Fingerprint& reader : readers_[stage]) {
    const auto pending = pending_.find(reader);
    if (pending == pending_.end()) continue;
    std::set<Fingerprint>& waits_for = pending->second.waits_for;
    if (waits_for.erase(stage) == 0) continue;
    StageChange change = {reader, StageState::kPlanned, ""};
    if (waits_for.empty()) {
      MakeReady(reader);
    } else {
      change.state = StageState::kWaiting;
      change.reason = fmt::format("for {}", input_labels_.at(*waits_for.begin()));
    }
    changes.push_back(std::move(change));
  }
  ledger_.SetStageStates(changes);
}

void Scheduler::TryAgain(const Fingerprint& stage, const AttemptEnd& end, bool alone) {
  pending_.at(stage).alone |= alone;
  MakeReady(stage);
  const std::string reason = fmt::format(
      "{}: {}", alone ? "to be tried again with the machine for itself" : "to be tried again",
      end.message);
  ledger_.SetStageState(stage, StageState::kWaiting, reason);
  observer_.Retried(stage, reason);
}

void Scheduler::GiveUp(const Fingerprint& stage, const AttemptEnd& end) {
  ++outcome_.failed;
  pending_.erase(stage);
  early_stopping_.Drop(stage);
  const std::string reason =
      fmt::format("for {}, which {}: {}", labels_.at(stage), NameOf(end.outcome), end.message);
  std::vector<StageChange> changes;
  for (const Fingerprint& reader : DropReaders(stage)) {
    ++outcome_.skipped;
    early_stopping_.Drop(reader);
    changes.push_back({reader, StageState::kWaiting, reason});
  }
  ledger_.SetStageStates(changes);
}

void Scheduler::Prune(const Fingerprint& stage, const std::string& reason) {
  const AttemptEnd end = {.outcome = StageState::kPruned, .message = reason, .time = UnixSeconds()};
  if (!RecordJudgement(FolderOf(stage), {.stage = stage}, {.begun = true}, end)) return;
  OpenFollower(stage);
  observer_.Ended(stage, end.outcome, reason);
  ++outcome_.pruned;
  ready_.erase(turns_.at(stage));
  pending_.erase(stage);
  std::vector<StageChange> changes;
  for (const Fingerprint& reader : DropReaders(stage)) {
    changes.push_back({reader, StageState::kPruned, "with " + input_labels_.at(stage)});
  }
  ledger_.SetStageStates(changes);
}

std::vector<Fingerprint> Scheduler::DropReaders(const Fingerprint& stage) {
  std::vector<Fingerprint> dropped;
  std::vector<Fingerprint> lost = {stage};
  while (!lost.empty()) {
    const Fingerprint input = lost.back();
    lost.pop_back();
    for (const Fingerprint& reader : readers_[input]) {
      if (pending_.erase(reader) == 0) continue;
      lost.push_back(reader);
      dropped.push_back(reader);
    }
  }
  return dropped;
}

}  // namespace upcycle
