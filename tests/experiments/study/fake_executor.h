// An executor whose processes are only pretended: what each stage's process would do is told
// before, and its journal is written when it is waited for.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksums.h"
#include "core/journal.h"
#include "experiments/run/stage_folder.h"
#include "experiments/study/executor.h"

namespace upcycle {

class FakeExecutor : public Executor {
 public:
  enum class Fate { kComplete, kFail, kDiverge, kKilled, kSilentExit };

  // The fates of a stage's attempts one after the other; completion once they run out.
  std::map<Fingerprint, std::deque<Fate>> fates;
  std::vector<Fingerprint> started;
  std::vector<int64_t> threads;
  std::vector<std::string> devices;
  int most_at_once = 0;
  std::function<void(const Fingerprint&)> on_start = [](const Fingerprint&) {};

  void Start(const Job& job) override {
    started.push_back(job.stage);
    threads.push_back(job.threads);
    devices.push_back(job.device);
    queue_.push_back(job);
    most_at_once = std::max(most_at_once, running());
    on_start(job.stage);
  }

  std::optional<JobEnd> Wait(std::chrono::milliseconds) override {
    // As with real processes, nothing has ended yet at the first look.
    looked_ = !looked_;
    if (queue_.empty() || looked_) return std::nullopt;
    const Job job = queue_.front();
    queue_.pop_front();
    return End(job);
  }

  void Stop() override { stopped_ = true; }
  void Kill() override { queue_.clear(); }
  int running() const override { return static_cast<int>(queue_.size()); }

 private:
  JobEnd End(const Job& job) {
    Fate fate = Fate::kComplete;
    auto& left = fates[job.stage];
    if (!left.empty()) {
      fate = left.front();
      left.pop_front();
    }
    JobEnd end{job.stage};
    if (fate == Fate::kSilentExit) {
      end.exit_code = 9;
      return end;
    }
    JournalWriter journal(StageFolder(job.folder).journal());
    journal.Event({{"event", "attempt_started"}, {"host", "fake"}, {"pid", 1}});
    journal.Point("train/loss", 1, 2.5);
    if (stopped_) {
      journal.Event(
          {{"event", "attempt_ended"}, {"outcome", "stopped"}, {"message", "stopped on request"}});
      end.exit_code = 130;
    } else if (fate == Fate::kComplete) {
      journal.Event({{"event", "result"}, {"metric", "validation/loss"}, {"value", 1.5}});
      journal.Event({{"event", "attempt_ended"}, {"outcome", "complete"}});
      for (const char* output : {"model", "tokens"}) {
        fs::create_directories(job.folder / output);
        WriteFileAtomically(job.folder / output / "content", job.stage.Hex());
        WriteChecksums(job.folder / output);
      }
    } else if (fate == Fate::kKilled) {
      end.signal = 9;
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

  std::deque<Job> queue_;
  bool stopped_ = false;
  bool looked_ = false;
};

}  // namespace upcycle
