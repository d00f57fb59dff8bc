#include "experiments/study/scheduler.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <signal.h>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/error.h"
#include "core/files.h"
#include "experiments/study/plan.h"
#include "experiments/study/prediction.h"
#include "results/journal_events.h"

namespace upcycle {
namespace {

constexpr std::chrono::milliseconds kTick{100};

std::string SignalName(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : fmt::format("SIG{}", name);
}

}  // namespace

Scheduler::Scheduler(const Study& study, fs::path root, LedgerWriter& ledger, Executor& executor,
                     const SchedulerOptions& options, StudyObserver& observer)
    : study_(study),
      labels_(StageLabels(study)),
      root_(std::move(root)),
      ledger_(ledger),
      executor_(executor),
      options_(options),
      observer_(observer),
      placement_(options.gpus) {}

StudyOutcome Scheduler::Run(StopSignals& stop) {
  CatchUp();
  FindPending();
  RecordWaiting();
  try {
    int obeyed = 0;
    while (true) {
      const int requests = stop.Requests();
      if (requests > obeyed) {
        requests == 1 ? executor_.Stop() : executor_.Kill();
        stopping_ = outcome_.interrupted = true;
        obeyed = requests;
      }
      StartReady();
      if (running_.empty()) break;
      const std::optional<JobEnd> end = executor_.Wait(kTick);
      for (auto& [stage, running] : running_) Follow(stage, running);
      if (end) Finish(*end);
      observer_.Tick();
    }
  } catch (...) {
    // The ledger cannot be written, say. The journals still can: let the workers end in good order.
    executor_.Stop();
    while (executor_.running() > 0) executor_.Wait(kTick);
    throw;
  }
  outcome_.skipped += static_cast<int>(pending_.size());
  RecordWaiting();
  return outcome_;
}

// What a worker wrote after the last scheduler died is still in its journal. Of a complete stage
// the ledger has everything, whatever became of the journal.
void Scheduler::CatchUp() {
  const auto states = ledger_.StageStates();
  for (const Fingerprint& stage : study_.order) {
    const auto state = states.find(stage);
    if (state != states.end() && state->second == StageState::kComplete) continue;
    const StageFolder folder = FolderOf(stage);
    std::error_code absent;
    const uint64_t size = fs::file_size(folder.journal(), absent);
    const uint64_t taken = ledger_.JournalOffset(stage);
    if (absent || size <= taken) continue;
    Running reading{JournalReader(folder.journal()), {}, {}};
    reading.journal.SkipTo(taken);
    Follow(stage, reading);
  }
}

void Scheduler::FindPending() {
  for (const auto& [stage, plan] : PlanStages(study_, ledger_.StageStates(), root_)) {
    if (plan.needed) {
      pending_[stage];
    } else {
      ++outcome_.reused;
    }
  }
  for (auto& [stage, pending] : pending_) {
    for (const Fingerprint& input : study_.stages.at(stage).inputs) {
      if (pending_.contains(input)) pending.waits_for.insert(input);
    }
  }
}

void Scheduler::RecordWaiting() {
  std::vector<StageChange> changes;
  for (const auto& [stage, pending] : pending_) {
    if (pending.attempts > 0) continue;  // how its attempt ended says more
    StageChange change{stage, StageState::kPlanned, ""};
    if (!pending.waits_for.empty()) {
      const Fingerprint& input = *pending.waits_for.begin();
      change.state = StageState::kWaiting;
      change.reason = fmt::format("for {}", labels_.at(input));
    } else if (stopping_) {
      change.reason = "the study was stopped before it began";
    } else if (outcome_.failed > 0 && !options_.keep_going) {
      change.reason = "another stage failed first; --keep-going would have started it";
    }
    changes.push_back(std::move(change));
  }
  ledger_.SetStageStates(changes);
}

void Scheduler::StartReady() {
  if (stopping_ || (outcome_.failed > 0 && !options_.keep_going)) return;
  bool gpus_are_full = false;
  for (const Fingerprint& stage : study_.order) {
    if (static_cast<int>(running_.size()) >= options_.jobs) return;
    const auto pending = pending_.find(stage);
    if (pending == pending_.end() || running_.contains(stage)) continue;
    if (!pending->second.waits_for.empty()) continue;
    // A stage without room waits, and what else needs a GPU waits behind it, or smaller ones would
    // always pass.
    if (gpus_are_full && NeedsGpu(stage)) continue;
    gpus_are_full |= !Start(stage);
  }
}

// Results do not depend on the number of threads, so a stage that runs alone may have every core.
int64_t Scheduler::ThreadsForNext() const {
  int64_t ready = 0;
  for (const auto& [stage, pending] : pending_) ready += pending.waits_for.empty();
  const int64_t together = std::min<int64_t>(options_.jobs, ready);
  return std::max<int64_t>(1, options_.cores / std::max<int64_t>(1, together));
}

std::optional<std::string> Scheduler::Place(const Fingerprint& identity) {
  if (!NeedsGpu(identity)) return "cpu";
  const Stage& stage = study_.stages.at(identity);
  const auto [bytes, is_new] = device_bytes_.try_emplace(identity);
  if (is_new) bytes->second = DeviceBytesOf(study_, stage);
  return placement_.Place(identity, ReadExecution(stage).device, bytes->second);
}

bool Scheduler::NeedsGpu(const Fingerprint& identity) const {
  const Stage& stage = study_.stages.at(identity);
  return ComputesOnDevice(stage.kind) && !options_.gpus.empty() &&
         ReadExecution(stage).device != "cpu";
}

bool Scheduler::Start(const Fingerprint& identity) {
  const Stage& stage = study_.stages.at(identity);
  const std::optional<std::string> device = Place(identity);
  if (!device) return false;
  const StageFolder folder = FolderOf(identity);
  MakeDirectories(folder.path());
  WriteFileAtomically(folder.description(), stage.ToJson().dump(2) + "\n");

  const int64_t asked = stage.execution.value("threads", int64_t{0});
  const int64_t threads = asked > 0 ? asked : ThreadsForNext();
  Running running{JournalReader(folder.journal()), {}, {}};
  ForgetLostJournal(identity, folder);
  running.journal.SkipTo(ledger_.JournalOffset(identity));
  executor_.Start({identity, folder.path(), threads, *device, options_.checked});
  running_.emplace(identity, std::move(running));
  ++pending_.at(identity).attempts;
  ledger_.SetStageState(identity, StageState::kRunning);
  observer_.Started(identity, threads);
  return true;
}

// Where a journal was moved away or lost its end, the worker writes everything again, and the
// offset into the old journal means nothing in the new one.
void Scheduler::ForgetLostJournal(const Fingerprint& stage, const StageFolder& folder) {
  std::error_code absent;
  const uint64_t size = fs::file_size(folder.journal(), absent);
  if ((absent ? 0 : size) < ledger_.JournalOffset(stage)) ledger_.Forget(stage);
}

void Scheduler::Follow(const Fingerprint& stage, Running& running) {
  while (true) {
    const std::vector<JournalRecord> records = running.journal.ReadNext();
    if (records.empty()) return;
    ledger_.Ingest(stage, records, running.journal.offset());
    for (const JournalRecord& record : records) {
      if (const auto* point = std::get_if<JournalPoint>(&record)) {
        if (point->metric == "train/loss") running.progress.loss = point->value;
        if (point->metric == "system/tokens_per_second")
          running.progress.tokens_per_second = point->value;
        continue;
      }
      const StageEvent event = ParseStageEvent(std::get<JournalEvent>(record).json);
      if (const auto* progress = std::get_if<Progress>(&event)) {
        running.progress.step = progress->step;
        running.progress.steps = progress->steps;
      } else if (const auto* end = std::get_if<AttemptEnd>(&event)) {
        running.end = *end;
      } else if (std::holds_alternative<AttemptStart>(event)) {
        running.end.reset();
      }
    }
    observer_.Progressed(stage, running.progress);
  }
}

void Scheduler::Finish(const JobEnd& job) {
  auto node = running_.extract(job.stage);
  UPCYCLE_CHECK(!node.empty());
  placement_.Release(job.stage);
  Follow(job.stage, node.mapped());
  const AttemptEnd end = EndOf(job, node.mapped());
  if (!ledger_.EndAttempt(job.stage, end))
    ledger_.SetStageState(job.stage, end.outcome, end.message);
  observer_.Ended(job.stage, end.outcome, end.message);

  const bool killed = job.signal != 0 && !node.mapped().end;
  if (end.outcome == StageState::kComplete) {
    Complete(job.stage);
  } else if (end.outcome == StageState::kStopped || stopping_) {
    outcome_.interrupted = true;
    stopping_ = true;
  } else if (!killed || pending_.at(job.stage).attempts > options_.restarts) {
    GiveUp(job.stage, end);
  }
}

// The worker's own word, or what its death tells where it could not say it.
AttemptEnd Scheduler::EndOf(const JobEnd& job, const Running& running) const {
  if (running.end) return *running.end;
  AttemptEnd end;
  end.outcome = StageState::kFailed;
  end.peak_memory_bytes = job.peak_memory_bytes;
  if (job.signal != 0 && stopping_) {
    end.outcome = StageState::kStopped;
    end.cause = CauseName(Cause::kInterrupted);
    end.message =
        fmt::format("ended by {} before it could write a checkpoint", SignalName(job.signal));
  } else if (job.signal != 0) {
    end.cause = job.signal == SIGKILL ? CauseName(Cause::kMemory) : CauseName(Cause::kBug);
    end.message = fmt::format(
        "killed by {}{}", SignalName(job.signal),
        job.signal == SIGKILL ? ", perhaps for want of memory: run fewer at once (-j)" : "");
  } else {
    end.cause = CauseName(Cause::kBug);
    end.message =
        fmt::format("its process exited with {} and wrote no reason into its journal; see {}",
                    job.exit_code, FolderOf(job.stage).log().native());
  }
  return end;
}

void Scheduler::Complete(const Fingerprint& stage) {
  ++outcome_.done;
  pending_.erase(stage);
  for (auto& [other, pending] : pending_) pending.waits_for.erase(stage);
}

void Scheduler::GiveUp(const Fingerprint& stage, const AttemptEnd& end) {
  ++outcome_.failed;
  pending_.erase(stage);
  SkipDependents(
      stage, fmt::format("{}, which {}: {}", labels_.at(stage), NameOf(end.outcome), end.message));
}

void Scheduler::SkipDependents(const Fingerprint& stage, const std::string& reason) {
  std::vector<StageChange> changes;
  std::set<Fingerprint> lost = {stage};
  for (const Fingerprint& other : study_.order) {
    const auto pending = pending_.find(other);
    if (pending == pending_.end()) continue;
    const auto& inputs = study_.stages.at(other).inputs;
    if (std::none_of(inputs.begin(), inputs.end(), [&](const auto& i) { return lost.contains(i); }))
      continue;
    lost.insert(other);
    pending_.erase(pending);
    ++outcome_.skipped;
    changes.push_back({other, StageState::kWaiting, "for " + reason});
  }
  ledger_.SetStageStates(changes);
}

}  // namespace upcycle
