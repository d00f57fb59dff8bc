#include "experiments/scheduling/scheduler.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "core/heartbeat.h"
#include "experiments/run/worker_exit.h"
#include "experiments/study/plan.h"
#include "experiments/study/prediction.h"

namespace upcycle {
namespace {

uint64_t SizeOf(const fs::path& path) {
  std::error_code absent;
  const uint64_t size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

// A damaged journal stays for whoever wants to look at it; the stage is done anew.
void SetAside(const fs::path& journal) {
  for (int number = 1;; ++number) {
    const fs::path aside = fmt::format("{}.damaged-{}", journal.native(), number);
    if (!fs::exists(aside)) return Rename(journal, aside);
  }
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
      placement_(options.gpus) {
  for (const Fingerprint& stage : study.order) {
    places_.emplace(stage, places_.size());
    for (const Fingerprint& input : study.stages.at(stage).inputs) readers_[input].push_back(stage);
  }
}

StudyOutcome Scheduler::Run(StopSignals& stop) {
  CatchUp();
  FindPending();
  RecordWaiting();
  try {
    AdoptLiving();
    while (true) {
      time_.Look();
      Obey(stop.Requests());
      StartReady();
      if (running_.empty() && !AnyHeld()) break;
      const std::optional<JobEnd> end = executor_.Wait(options_.tick);
      Advance();
      if (end) Finish(*end);
      observer_.Tick();
    }
  } catch (...) {
    Abandon();
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
    if (SizeOf(FolderOf(stage).journal()) > ledger_.JournalOffset(stage)) OpenFollower(stage);
  }
}

void Scheduler::FindPending() {
  for (const auto& [stage, plan] : PlanStages(study_, ledger_.StageStates(), root_)) {
    if (plan.needed) {
      pending_.emplace(stage, Pending{.waits_for = {}, .retries = Retries(options_.restarts)});
    } else {
      ++outcome_.reused;
    }
  }
  for (auto& [stage, pending] : pending_) {
    for (const Fingerprint& input : study_.stages.at(stage).inputs) {
      if (pending_.contains(input)) pending.waits_for.insert(input);
    }
    if (pending.waits_for.empty()) MakeReady(stage);
  }
}

void Scheduler::RecordWaiting() {
  std::vector<StageChange> changes;
  for (const auto& [stage, pending] : pending_) {
    if (pending.attempted) continue;
    StageChange change{stage, StageState::kPlanned, ""};
    if (!pending.waits_for.empty()) {
      change.state = StageState::kWaiting;
      change.reason = fmt::format("for {}", labels_.at(*pending.waits_for.begin()));
    } else if (stopping_) {
      change.reason = "the study was stopped before it began";
    } else if (!outcome_.halted.empty()) {
      change.reason = "nothing more could be begun: " + outcome_.halted;
    } else if (outcome_.failed > 0 && !options_.keep_going) {
      change.reason = "another stage failed first; --keep-going would have started it";
    }
    changes.push_back(std::move(change));
  }
  ledger_.SetStageStates(changes);
}

// Workers of a scheduler that died: they may still write their checkpoints.
void Scheduler::AdoptLiving() {
  const auto ready = ready_;
  for (const auto& [place, stage] : ready) Adopt(stage);
}

void Scheduler::Obey(int requests) {
  if (requests <= obeyed_) return;
  for (auto& [stage, running] : running_) {
    requests == 1 ? executor_.Stop(stage) : executor_.Kill(stage);
    running.asked_to_stop = true;
  }
  stopping_ = outcome_.interrupted = true;
  obeyed_ = requests;
}

bool Scheduler::StartsNothingMore() const {
  return stopping_ || !outcome_.halted.empty() || (outcome_.failed > 0 && !options_.keep_going);
}

bool Scheduler::AnyHeld() const {
  return !StartsNothingMore() && std::any_of(ready_.begin(), ready_.end(), [&](const auto& ready) {
    return !pending_.at(ready.second).held.empty();
  });
}

void Scheduler::StartReady() {
  bool gpus_are_full = false;
  for (auto next = ready_.begin(); next != ready_.end() && !StartsNothingMore();) {
    const Fingerprint stage = (next++)->second;
    if (static_cast<int>(running_.size()) >= options_.jobs) return;
    if (!MayRunBesideOthers(stage)) continue;
    // A stage without room waits, and what else needs a GPU waits behind it, or smaller ones would
    // always pass.
    if (gpus_are_full && NeedsGpu(stage)) continue;
    if (IsTaken(stage)) continue;
    const std::optional<std::string> device = Place(stage);
    if (device) {
      Start(stage, *device);
    } else {
      gpus_are_full = true;
    }
  }
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

std::optional<std::string> Scheduler::Place(const Fingerprint& identity) {
  const Stage& stage = study_.stages.at(identity);
  if (options_.threads_elsewhere && ComputesOnDevice(stage.kind)) {
    return ReadExecution(stage).device;
  }
  if (!NeedsGpu(identity)) return "cpu";
  const auto [bytes, is_new] = device_bytes_.try_emplace(identity);
  if (is_new) bytes->second = DeviceBytesOf(study_, stage);
  return placement_.Place(identity, ReadExecution(stage).device, bytes->second);
}

bool Scheduler::NeedsGpu(const Fingerprint& identity) const {
  const Stage& stage = study_.stages.at(identity);
  return ComputesOnDevice(stage.kind) && !options_.gpus.empty() &&
         ReadExecution(stage).device != "cpu";
}

bool Scheduler::IsTaken(const Fingerprint& stage) {
  Pending& pending = pending_.at(stage);
  const auto holder = FileLock::HolderOf(FolderOf(stage).lock());
  if (!holder) {
    pending.held.clear();
    return false;
  }
  if (Adopt(stage)) return true;
  const std::string reason = fmt::format("for {}, which is at it already", Describe(*holder));
  if (pending.held != reason) {
    pending.held = reason;
    ledger_.SetStageState(stage, StageState::kWaiting, reason);
    observer_.Held(stage, reason);
  }
  return true;
}

bool Scheduler::Adopt(const Fingerprint& stage) {
  if (!executor_.Adopt(stage, FolderOf(stage).path())) return false;
  StageFollower follower = OpenFollower(stage);
  follower.ExpectAttempt(ledger_.HasOpenAttempt(stage));
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
    const uint64_t log_begin = SizeOf(folder.log());
    const int64_t threads = ThreadsFor(identity);
    Job job = {identity, folder.path(), threads, device, options_.checked};
    if (options_.threads_elsewhere) {
      const Stage& stage = study_.stages.at(identity);
      job.memory_bytes =
          std::max(PredictStage(stage, 0).memory_bytes, DeviceBytesOf(study_, stage));
      job.wanted_memory = pending_.at(identity).alone;
    }
    executor_.Start(job);
    Watch(identity, std::move(follower), log_begin, threads);
  } catch (const Error& error) {
    // The attempt could not even begin.
    placement_.Release(identity);
    ready_.erase({places_.at(identity), identity});
    const AttemptEnd end = {.outcome = OutcomeOf(error.cause()),
                            .cause = std::string(CauseName(error.cause())),
                            .message = error.what()};
    ledger_.SetStageState(identity, end.outcome, end.message);
    Settle(identity, end, 0);
  }
}

void Scheduler::Watch(const Fingerprint& stage, StageFollower follower, uint64_t log_begin,
                      int64_t threads) {
  const Pulse pulse(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
  Running& running =
      running_.emplace(stage, Running{std::move(follower), pulse, log_begin, threads})
          .first->second;
  ready_.erase({places_.at(stage), stage});
  Pending& pending = pending_.at(stage);
  pending.attempted = true;
  pending.held.clear();
  Runs(stage, running);
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
  SetAside(folder.journal());
  return StageFollower(stage, folder, ledger_);  // the ledger forgets the stage
}

void Scheduler::Advance() {
  for (auto& [stage, running] : running_) {
    if (FollowOrEnd(stage, running)) observer_.Progressed(stage, running.follower.progress());
    if (!Runs(stage, running)) continue;
    running.pulse.Hear(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
    if (running.pulse.SilentSeconds(time_.Seconds()) < options_.lease_seconds) continue;
    Sentence(stage, running, Cause::kLost,
             fmt::format("gave no sign of life for {:.0f} s: it was stopped, hangs in the system, "
                         "or its machine went away",
                         options_.lease_seconds));
  }
}

// What its own word said last stands, unless that was a stop, after which it may wait for another
// turn.
bool Scheduler::Runs(const Fingerprint& stage, Running& running) {
  std::optional<std::string> waits = executor_.WhyItWaits(stage);
  const bool runs = !waits.has_value();
  if (!runs) running.pulse = Pulse(Heartbeat::Read(FolderOf(stage).heartbeat()), time_.Seconds());
  const auto& own_word = running.follower.end();
  const bool has_ended = own_word && own_word->outcome != StageState::kStopped;
  if (waits == running.waits || has_ended) return runs;
  running.waits = std::move(waits);
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

void Scheduler::Finish(const JobEnd& job) {
  auto node = running_.extract(job.stage);
  UPCYCLE_CHECK(!node.empty());
  Running& running = node.mapped();
  placement_.Release(job.stage);
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
  Settle(job.stage, end, running.follower.progress().step);
}

void Scheduler::RecordEnd(const JobEnd& job, const AttemptCircumstances& known,
                          const AttemptEnd& end, Running& running) {
  try {
    if (!running.journal_is_damaged && RecordJudgement(FolderOf(job.stage), job, known, end)) {
      running.follower.Follow();
    }
  } catch (const Error&) {
    // No room for it, say: then the ledger alone knows.
  }
  ledger_.SetStageState(job.stage, end.outcome, end.message);
}

// Lets the workers end in good order: the ledger cannot be written, say. The journals still can.
void Scheduler::Abandon() {
  for (const auto& [stage, running] : running_) executor_.Stop(stage);
  const Stopwatch waiting;
  bool killed = false;
  while (!running_.empty()) {
    if (!killed && waiting.Seconds() > options_.lease_seconds) {
      for (const auto& [stage, running] : running_) executor_.Kill(stage);
      killed = true;
    }
    if (const auto end = executor_.Wait(options_.tick)) running_.erase(end->stage);
  }
}

}  // namespace upcycle
