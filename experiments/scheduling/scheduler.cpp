#include "experiments/scheduling/scheduler.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/files.h"
#include "experiments/study/plan.h"

namespace upcycle {
Scheduler::Scheduler(const Study& study, fs::path root, LedgerWriter& ledger, Executor& executor,
                     Control& control, const SchedulerOptions& options, StudyObserver& observer)
    : study_(study),
      labels_(StageLabels(study)),
      input_labels_(InputLabels(study)),
      root_(std::move(root)),
      ledger_(ledger),
      executor_(executor),
      control_(control),
      options_(options),
      observer_(observer),
      machine_(study, options.machine),
      early_stopping_(study, ledger.path()),
      seed_turns_(study, ledger.path()),
      time_(options.clock) {
  for (const Fingerprint& stage : study.order) {
    turns_.emplace(stage, Turn{.place = turns_.size()});
    for (const Fingerprint& input : study.stages.at(stage).inputs) readers_[input].push_back(stage);
  }
  // What several arms need is wanted as much as by the one that wants it most.
  for (const Study::Run& run : study.runs) {
    const int64_t priority = study.recipe.arms[run.arm].settings.execution.priority;
    for (const auto& [place, stage] : run.stages) {
      Turn& turn = turns_.at(stage);
      turn.priority = turn.priority_is_set ? std::max(turn.priority, priority) : priority;
      turn.priority_is_set = true;
    }
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
      const Control::News news = control_.Look();
      asked_ = std::max(asked_, news.stop_requests);
      Obey(std::max(asked_, stop.Requests()));
      if (news.holds_changed) HoldRunning();
      StartReady();
      if (running_.empty() && !AwaitsOthers()) break;
      const std::optional<JobEnd> end = executor_.Wait(options_.tick);
      Advance();
      if (end) Finish(*end);
      observer_.Tick();
    }
  } catch (...) {
    Abandon();
    throw;
  }
  for (const auto& [stage, pending] : pending_) {
    const bool is_unneeded = seed_turns_.IsOver() && !seed_turns_.WhyNotAsked(stage).empty();
    ++(is_unneeded ? outcome_.unneeded : outcome_.skipped);
  }
  outcome_.held =
      static_cast<int>(std::count_if(pending_.begin(), pending_.end(), [&](const auto& entry) {
        return control_.HoldOf(entry.first).has_value();
      }));
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
    if (SizeOrZero(FolderOf(stage).journal()) > ledger_.JournalOffset(stage)) OpenFollower(stage);
  }
}

void Scheduler::FindPending() {
  for (const auto& [stage, plan] : PlanStages(study_, ledger_.StageStates(), root_)) {
    if (plan.needed && options_.left_out.contains(stage)) {
      ++outcome_.left_out;
    } else if (plan.needed) {
      pending_.emplace(stage, options_.restarts);
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
  for (const Fingerprint& stage : study_.order) early_stopping_.Look(stage);
}

void Scheduler::RecordWaiting() {
  std::vector<StageChange> changes;
  for (const auto& [stage, reason] : options_.left_out) {
    changes.push_back({stage, StageState::kPlanned, reason});
  }
  for (const auto& [stage, pending] : pending_) {
    if (pending.attempted) continue;
    StageChange change{stage, StageState::kPlanned, seed_turns_.WhyNotAsked(stage)};
    if (!change.reason.empty()) {
      change.state = StageState::kPlanned;
    } else if (!pending.waits_for.empty()) {
      change.state = StageState::kWaiting;
      change.reason = fmt::format("for {}", input_labels_.at(*pending.waits_for.begin()));
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

// Whether something could be started later that cannot be started now.
bool Scheduler::AwaitsOthers() const {
  if (StartsNothingMore()) return false;
  return std::any_of(ready_.begin(), ready_.end(), [&](const auto& ready) {
    if (pending_.at(ready.second).taken || pending_.at(ready.second).crowded_out) return true;
    const auto hold = control_.HoldOf(ready.second);
    return hold && hold->kind == HoldKind::kPaused && control_.IsOfThisLaunch(*hold);
  });
}

void Scheduler::HoldRunning() {
  for (auto& [stage, running] : running_) {
    if (running.asked_to_stop || !control_.HoldOf(stage)) continue;
    executor_.Stop(stage);
    running.asked_to_stop = true;
  }
}

// Lets the workers end in good order: the ledger cannot be written, say. The journals still can.
// Which of them are there only the executor knows: of some it has told an end that was not heard.
// One that not even a signal ends, or that no cluster answers for, is left to the next scheduler.
void Scheduler::Abandon() {
  for (const Fingerprint& stage : executor_.Followed()) executor_.Stop(stage);
  const Stopwatch waiting;
  bool killed = false;
  while (!executor_.Followed().empty() && waiting.Seconds() < 2 * options_.lease_seconds) {
    if (!killed && waiting.Seconds() > options_.lease_seconds) {
      for (const Fingerprint& stage : executor_.Followed()) executor_.Kill(stage);
      killed = true;
    }
    executor_.Wait(options_.tick);
  }
}

}  // namespace upcycle
