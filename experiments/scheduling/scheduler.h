// Brings a study to its end: starts what is ready, follows the journals into the ledger, and knows
// at every moment why a stage runs, waits or failed. Its model is a build system (ninja): stages
// are edges, folders are files, and what is there already is not made again.
//
// The scheduler is the ledger's only writer. It holds no state that the journals and the ledger do
// not: killed at any moment, the next one goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/stop_signals.h"
#include "core/stopwatch.h"
#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/attempt_end.h"
#include "experiments/scheduling/control.h"
#include "experiments/scheduling/early_stopping.h"
#include "experiments/scheduling/executor.h"
#include "experiments/scheduling/pulse.h"
#include "experiments/scheduling/retries.h"
#include "experiments/scheduling/seed_turns.h"
#include "experiments/scheduling/shared_machine.h"
#include "experiments/scheduling/stage_follower.h"
#include "experiments/study/study.h"
#include "results/ledger/ledger_writer.h"

namespace upcycle {

struct SchedulerOptions {
  int jobs = 1;               // processes at a time
  int cores = 1;              // shared by them
  bool keep_going = false;    // start other stages after one has failed
  int restarts = 2;           // of a stage that ends, by no doing of its own, where it ended before
  double lease_seconds = 60;  // a worker without a sign of life for so long is ended
  int64_t launch = 0;         // that this is, in the root's journal; 0: none
  bool checked = false;       // every op of a GPU is done on the CPU too
  // Where each process gets a machine of its own from somebody else (a cluster), the threads of one
  // that asks for none. Cores and GPUs are not shared then.
  std::optional<int64_t> threads_elsewhere = std::nullopt;
  std::chrono::milliseconds tick{100};               // between two looks at what runs
  std::function<double()> clock = MonotonicSeconds;  // by which silence and time limits are told
  std::vector<LogPolicy> log_policies = BuiltInLogPolicies();
  std::map<Fingerprint, std::string> left_out = {};  // stages that are not to be made, and why
  // Why nothing more may be begun, asked before anything is; empty while something may.
  std::function<std::string()> why_no_more = {};
  MachineResources machine = {};
};

// Sees what happens, to show it. Calls come from the scheduler's own thread.
class StudyObserver {
 public:
  virtual ~StudyObserver() = default;
  // `threads` is 0 for a process that an earlier scheduler began, and that is followed from now on.
  // Also again after a Queued.
  virtual void Started(const Fingerprint& stage, int64_t threads) = 0;
  virtual void Progressed(const Fingerprint& stage, const StageProgress& progress) = 0;
  virtual void Ended(const Fingerprint& stage, StageState outcome, const std::string& reason) = 0;
  // Ended without having completed, and is tried again.
  virtual void Retried(const Fingerprint& stage, const std::string& reason) = 0;
  // Ready, but kept from starting.
  virtual void Held(const Fingerprint& stage, const std::string& reason) = 0;
  // With the executor, and waits its turn there (Executor::WhyItWaits).
  virtual void Queued(const Fingerprint&, const std::string&) {}
  // Several times a second, also where nothing happened.
  virtual void Tick() = 0;
};

struct StudyOutcome {
  int done = 0;      // stages completed now
  int reused = 0;    // complete already
  int failed = 0;    // failed or diverged now
  int skipped = 0;   // not started, for want of a failed input or after a failure
  int pruned = 0;    // trainings that early stopping ended now
  int held = 0;      // of those not started, because somebody paused or cancelled their runs
  int left_out = 0;  // SchedulerOptions::left_out
  int unneeded = 0;  // of runs whose arms were decided with fewer seeds
  bool interrupted = false;
  std::string halted = {};  // why nothing more could be begun at all; or empty
};

class Scheduler {
 public:
  Scheduler(const Study& study, fs::path root, LedgerWriter& ledger, Executor& executor,
            Control& control, const SchedulerOptions& options, StudyObserver& observer);

  // Runs until everything is done, nothing more can be done, or a stop is asked for. The first
  // request lets workers write checkpoints, the second kills them. While runs are paused that were
  // paused meanwhile, it waits for them to be resumed.
  StudyOutcome Run(StopSignals& stop);

 private:
  // A stage that is not complete and that somebody needs.
  struct Pending {
    explicit Pending(int restarts) : retries(restarts) {}

    std::set<Fingerprint> waits_for = {};
    Retries retries;
    bool attempted = false;    // how that ended says more than why it waits
    bool alone = false;        // may only run with nothing beside it
    std::string held = {};     // why it is kept from starting, as it was last said
    bool taken = false;        // another process is at it
    bool crowded_out = false;  // other programs hold the memory of every GPU that it may take
  };
  struct Running {
    StageFollower follower;
    Pulse pulse;
    uint64_t log_begin;
    int64_t threads;
    std::optional<std::string> waits = "";  // Executor::WhyItWaits; empty before it was asked
    bool hides_own_word = false;            // in the ledger
    bool asked_to_stop = false;
    bool had_company = false;  // on this machine, at any time
    int64_t until_step = 0;    // up to which it trains; 0: to its end
    bool journal_is_damaged = false;
    std::optional<AttemptEnd> sentence = std::nullopt;  // why the scheduler put an end to it
    double began = 0;                                   // in waking time
    double time_limit_hours = 0;                        // 0: none
    std::optional<double> kill_at = std::nullopt;       // in waking time, where it does not end
  };

  // What there is to do, and for how long (scheduler.cpp).
  void CatchUp();
  void FindPending();
  void RecordWaiting();
  void AdoptLiving();
  void Obey(int requests);
  void HoldRunning();
  bool StartsNothingMore() const;
  bool AwaitsOthers() const;
  void MakeReady(const Fingerprint& stage) { ready_.emplace(turns_.at(stage), stage); }

  // How a stage begins (starting.cpp).
  void StartReady();
  bool MayRunBesideOthers(const Fingerprint& stage) const;
  int64_t ThreadsFor(const Fingerprint& stage) const;
  // Of this machine, or of wherever somebody else places it.
  Room TakeRoom(const Fingerprint& stage);
  // Whether another process is at the stage, which is then followed or waited for.
  bool IsTaken(const Fingerprint& stage);
  // Whether somebody wants none of the runs that need it to go on.
  bool IsHeld(const Fingerprint& stage);
  // Whether it may not go on now, or ever, as others were better at the same share.
  bool IsRuledOut(const Fingerprint& stage);
  // Whether its runs wait for the verdicts of earlier seeds, or are not needed any more.
  bool IsUnasked(const Fingerprint& stage);
  void SayWhyItWaits(const Fingerprint& stage, const std::string& reason);
  void SayWhyHeld(const Fingerprint& stage, StageState state, const std::string& reason);
  bool Adopt(const Fingerprint& stage);
  void Start(const Fingerprint& stage, const std::string& device);
  void Watch(const Fingerprint& stage, StageFollower follower, uint64_t log_begin, int64_t threads);
  // The journal's follower, behind everything that is in it. A damaged journal is set aside.
  StageFollower OpenFollower(const Fingerprint& stage);

  // While it runs, and how it ends (watching.cpp).
  void Advance();
  // Whether it runs, or waits where the executor put it.
  bool Runs(const Fingerprint& stage, Running& running);
  bool FollowOrEnd(const Fingerprint& stage, Running& running);
  void Sentence(const Fingerprint& stage, Running& running, Cause cause, const std::string& reason);
  void EndAfterItsTime(const Fingerprint& stage, Running& running);
  void Finish(const JobEnd& job);
  void RecordEnd(const JobEnd& job, const AttemptCircumstances& known, const AttemptEnd& end,
                 Running& running);
  void Abandon();

  // What becomes of it and of those that read its output (settlement.cpp).
  struct Course {
    int64_t step = 0;  // how far the attempt got
    bool was_asked = false;
    bool was_alone = false;
  };
  void Settle(const Fingerprint& stage, const AttemptEnd& end, const Course& course);
  void Complete(const Fingerprint& stage);
  void TryAgain(const Fingerprint& stage, const AttemptEnd& end, bool alone);
  void GiveUp(const Fingerprint& stage, const AttemptEnd& end);
  void Prune(const Fingerprint& stage, const std::string& reason);
  // What cannot be done without the stage's output, however far down.
  std::vector<Fingerprint> DropReaders(const Fingerprint& stage);

  StageFolder FolderOf(const Fingerprint& stage) const { return StageFolder(root_, stage); }

  const Study& study_;
  std::map<Fingerprint, std::string> labels_;
  std::map<Fingerprint, std::string> input_labels_;  // as what waits for it calls it
  // By priority, and in study_.order.
  struct Turn {
    int64_t priority = 0;
    size_t place = 0;
    bool priority_is_set = false;
    bool operator<(const Turn& other) const {
      return priority != other.priority ? priority > other.priority : place < other.place;
    }
  };
  std::map<Fingerprint, Turn> turns_;
  std::map<Fingerprint, std::vector<Fingerprint>> readers_;  // of a stage's output
  fs::path root_;
  LedgerWriter& ledger_;
  Executor& executor_;
  Control& control_;
  SchedulerOptions options_;
  StudyObserver& observer_;
  SharedMachine machine_;
  EarlyStopping early_stopping_;
  SeedTurns seed_turns_;

  std::map<Fingerprint, Pending> pending_;  // running ones too
  std::map<Turn, Fingerprint> ready_;       // to start
  std::map<Fingerprint, Running> running_;
  WakingTime time_;
  StudyOutcome outcome_;
  int asked_ = 0;   // requests to stop that came as files
  int obeyed_ = 0;  // of all
  bool stopping_ = false;
};

}  // namespace upcycle
