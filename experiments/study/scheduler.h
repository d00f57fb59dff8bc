// Brings a study to its end: starts what is ready, follows the journals into the ledger, and knows
// at every moment why a stage runs, waits or failed. Its model is a build system (ninja): stages
// are edges, folders are files, and what is there already is not made again.
//
// The scheduler is the ledger's only writer. It holds no state that the journals and the ledger do
// not: killed at any moment, the next one goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/stop_signals.h"
#include "experiments/run/stage_folder.h"
#include "experiments/study/executor.h"
#include "experiments/study/placement.h"
#include "experiments/study/study.h"
#include "results/ledger_writer.h"

namespace upcycle {

struct SchedulerOptions {
  int jobs = 1;             // processes at a time
  int cores = 1;            // shared by them
  bool keep_going = false;  // start other stages after one has failed
  int restarts = 2;         // of a stage whose process was killed; it goes on from its checkpoint
  std::vector<Gpu> gpus = {};  // that stages may share
  bool checked = false;        // every op of a GPU is done on the CPU too
};

// What a running stage has told so far.
struct StageProgress {
  int64_t step = 0;
  int64_t steps = 0;
  double loss = 0;
  double tokens_per_second = 0;
};

// Sees what happens, to show it. Calls come from the scheduler's own thread.
class StudyObserver {
 public:
  virtual ~StudyObserver() = default;
  virtual void Started(const Fingerprint& stage, int64_t threads) = 0;
  virtual void Progressed(const Fingerprint& stage, const StageProgress& progress) = 0;
  virtual void Ended(const Fingerprint& stage, StageState outcome, const std::string& reason) = 0;
  // Several times a second, also where nothing happened.
  virtual void Tick() = 0;
};

struct StudyOutcome {
  int done = 0;     // stages completed now
  int reused = 0;   // complete already
  int failed = 0;   // failed or diverged now
  int skipped = 0;  // not started, for want of a failed input or after a failure
  bool interrupted = false;
};

class Scheduler {
 public:
  Scheduler(const Study& study, fs::path root, LedgerWriter& ledger, Executor& executor,
            const SchedulerOptions& options, StudyObserver& observer);

  // Runs until everything is done, nothing more can be done, or a stop is asked for. The first
  // request lets workers write checkpoints, the second kills them.
  StudyOutcome Run(StopSignals& stop);

 private:
  // A stage that is not complete and that somebody needs.
  struct Pending {
    std::set<Fingerprint> waits_for;
    int attempts = 0;
  };
  struct Running {
    JournalReader journal;
    StageProgress progress;
    std::optional<AttemptEnd> end;
  };

  void CatchUp();
  void FindPending();
  void RecordWaiting();
  void StartReady();
  // Whether a stage computes on one of the GPUs that there are.
  bool NeedsGpu(const Fingerprint& stage) const;
  // The device to compute on; nothing while there is no room.
  std::optional<std::string> Place(const Fingerprint& stage);
  // False where there is no room for it now.
  bool Start(const Fingerprint& stage);
  int64_t ThreadsForNext() const;
  void ForgetLostJournal(const Fingerprint& stage, const StageFolder& folder);
  void Follow(const Fingerprint& stage, Running& running);
  void Finish(const JobEnd& end);
  AttemptEnd EndOf(const JobEnd& end, const Running& running) const;
  void Complete(const Fingerprint& stage);
  void GiveUp(const Fingerprint& stage, const AttemptEnd& end);
  void SkipDependents(const Fingerprint& stage, const std::string& reason);
  StageFolder FolderOf(const Fingerprint& stage) const { return StageFolder(root_, stage); }

  const Study& study_;
  std::map<Fingerprint, std::string> labels_;
  fs::path root_;
  LedgerWriter& ledger_;
  Executor& executor_;
  SchedulerOptions options_;
  StudyObserver& observer_;
  Placement placement_;
  std::map<Fingerprint, int64_t> device_bytes_;  // of stages that were to be placed

  std::map<Fingerprint, Pending> pending_;
  std::map<Fingerprint, Running> running_;
  StudyOutcome outcome_;
  bool stopping_ = false;
};

}  // namespace upcycle
