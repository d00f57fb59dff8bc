// An executor whose processes are only pretended: what each stage's process would do is told
// before, and its journal is written when it is waited for.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksums.h"
#include "core/journal.h"
#include "experiments/run/stage_folder.h"
#include "experiments/run/worker_exit.h"
#include "experiments/scheduling/executor.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

class FakeExecutor : public Executor {
 public:
  enum class Fate {
    kComplete,
    kFail,
    kDiverge,
    kKilled,
    kKilledLater,  // the same, further on each time
    kOutOfMemory,
    kFullDisk,  // and no room for a word in the journal
    kSilentExit,
    kDoneWhenFound,  // of a living one: completes just before somebody follows it
    kGone,           // ends, having said everything
    kSilent,         // gives no sign of life until it is killed
  };

  // The fates of a stage's attempts one after the other; completion once they run out.
  std::map<Fingerprint, std::deque<Fate>> fates;
  std::vector<Fingerprint> started;
  std::vector<int64_t> threads;
  std::vector<std::string> devices;
  std::vector<int> beside;       // how many ran at once when each was started, itself too
  std::set<Fingerprint> living;  // that an earlier scheduler began
  std::vector<Fingerprint> adopted;
  int most_at_once = 0;
  std::function<void(const Fingerprint&)> on_start = [](const Fingerprint&) {};
  // Asked for each stage whose process has not ended; it ends after it was told to run.
  std::function<std::optional<std::string>(const Fingerprint&)> why_it_waits =
      [](const Fingerprint&) { return std::nullopt; };

  std::optional<std::string> WhyItWaits(const Fingerprint& stage) const override {
    std::optional<std::string> waits = why_it_waits(stage);
    if (!waits) told_to_run_.insert(stage);
    return waits;
  }

  void Start(const Job& job) override {
    started.push_back(job.stage);
    threads.push_back(job.threads);
    devices.push_back(job.device);
    queue_.push_back({job, NextFate(job.stage)});
    most_at_once = std::max(most_at_once, static_cast<int>(queue_.size()));
    beside.push_back(static_cast<int>(queue_.size()));
    on_start(job.stage);
  }

  bool Adopt(const Fingerprint& stage, const fs::path& folder) override {
    if (!living.contains(stage)) return false;
    adopted.push_back(stage);
    Process process = {{.stage = stage, .folder = folder}, NextFate(stage)};
    if (process.fate == Fate::kDoneWhenFound) {
      End({process.job, Fate::kComplete});
      process.fate = Fate::kGone;
    }
    queue_.push_back(process);
    return true;
  }

  std::optional<JobEnd> Wait(std::chrono::milliseconds) override {
    // As with real processes, nothing has ended yet at the first look.
    looked_ = !looked_;
    if (looked_) return std::nullopt;
    const auto ended = std::find_if(queue_.begin(), queue_.end(), [&](const Process& process) {
      return process.killed ||
             (process.fate != Fate::kSilent && told_to_run_.contains(process.job.stage));
    });
    if (ended == queue_.end()) return std::nullopt;
    const Process process = *ended;
    queue_.erase(ended);
    return End(process);
  }

  std::vector<Fingerprint> Followed() const override {
    std::vector<Fingerprint> stages;
    for (const Process& process : queue_) stages.push_back(process.job.stage);
    return stages;
  }
  void Stop(const Fingerprint& stage) override { Find(stage).stopped = true; }
  void Kill(const Fingerprint& stage) override { Find(stage).killed = true; }

 private:
  mutable std::set<Fingerprint> told_to_run_;
  struct Process {
    Job job;
    Fate fate;
    bool stopped = false;
    bool killed = false;
  };

  Process& Find(const Fingerprint& stage) {
    return *std::find_if(queue_.begin(), queue_.end(),
                         [&](const Process& process) { return process.job.stage == stage; });
  }

  Fate NextFate(const Fingerprint& stage) {
    auto& left = fates[stage];
    if (left.empty()) return Fate::kComplete;
    const Fate fate = left.front();
    left.pop_front();
    return fate;
  }

  JobEnd End(const Process& process) {
    const Job& job = process.job;
    const Fate fate = process.fate;
    JobEnd end{.stage = job.stage, .exit_code = 0};
    if (fate == Fate::kGone) return end;
    if (fate == Fate::kSilentExit) {
      end.exit_code = 9;
      return end;
    }
    if (fate == Fate::kFullDisk) {
      end.exit_code = static_cast<int>(WorkerExit::kDisk);
      return end;
    }
    JournalWriter journal(StageFolder(job.folder).journal());
    journal.Event({{"event", "attempt_started"}, {"host", "fake"}, {"pid", 1}});
    journal.Point("train/loss", 1, 2.5);
    if (process.killed || fate == Fate::kKilled || fate == Fate::kKilledLater ||
        fate == Fate::kOutOfMemory) {
      end.exit_code.reset();
      end.signal = 9;
      end.for_want_of_memory = fate == Fate::kOutOfMemory;
      if (fate == Fate::kKilledLater) {
        journal.Event({{"event", "progress"}, {"step", ++steps_}, {"steps", 1000}});
      }
    } else if (process.stopped) {
      journal.Event(EventOf(AttemptEnd{.outcome = StageState::kStopped,
                                       .cause = "interrupted",
                                       .message = "stopped on request"}));
      end.exit_code = 130;
    } else if (fate == Fate::kComplete) {
      journal.Event({{"event", "result"}, {"metric", "validation/loss"}, {"value", 1.5}});
      journal.Event({{"event", "attempt_ended"}, {"outcome", "complete"}});
      for (const char* output : {"model", "tokens"}) {
        fs::create_directories(job.folder / output);
        WriteFileAtomically(job.folder / output / "content", job.stage.Hex());
        WriteChecksums(job.folder / output);
      }
    } else {
      const char* outcome = fate == Fate::kDiverge ? "diverged" : "failed";
      journal.Event({{"event", "attempt_ended"},
                     {"outcome", outcome},
                     {"cause", "input"},
                     {"message", "told to"}});
      end.exit_code = 1;
    }
    return end;
  }

  std::deque<Process> queue_;
  int64_t steps_ = 0;
  bool looked_ = false;
};

}  // namespace upcycle
