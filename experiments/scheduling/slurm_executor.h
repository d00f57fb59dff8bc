// Workers as jobs of a Slurm cluster whose nodes see the same root. Jobs live without the process
// that submitted them: whoever comes later finds them again by what the stages' folders say.
//
// A job that Slurm itself puts back into its queue (preempted, its node failed, scontrol requeue)
// has not ended: it goes on from its checkpoint.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "core/site/site.h"
#include "core/stopwatch.h"
#include "experiments/scheduling/executor.h"
#include "experiments/scheduling/slurm_commands.h"
#include "experiments/scheduling/slurm_job.h"

namespace upcycle {

class SlurmExecutor : public Executor {
 public:
  // Stages lie under `root`, and nodes run `program worker FOLDER`. Throws Error(kInput) where
  // there is no sbatch.
  SlurmExecutor(fs::path program, fs::path root, const SlurmSettings& settings);

  // Submits nothing yet: what is started together goes as few arrays.
  void Start(const Job& job) override;
  // One of which Slurm cannot be asked now counts as there.
  bool Adopt(const Fingerprint& stage, const fs::path& folder) override;
  std::optional<std::string> WhyItWaits(const Fingerprint& stage) const override;
  std::optional<JobEnd> Wait(std::chrono::milliseconds timeout) override;
  std::vector<Fingerprint> Followed() const override;
  // From the queue where it waits; with a checkpoint where it runs.
  void Stop(const Fingerprint& stage) override { Ask(stage, Asked::kStop); }
  void Kill(const Fingerprint& stage) override { Ask(stage, Asked::kKill); }

 private:
  enum class Asked { kNothing, kStop, kKill };
  // In the queue, as far as is known.
  struct Submitted {
    Job job;  // of one that was adopted: where it is
    SlurmTask task;
    SlurmState state;       // by the last answer; none yet: empty
    bool confirmed = true;  // false where sbatch did not answer, and may have been heard
    Asked asked = Asked::kNothing;
  };

  // Where the job stands; nothing where Slurm knows nothing of it, or does not answer, and then
  // `seen_` has nothing of its array.
  std::optional<SlurmState> FindInQueue(const SlurmTask& task);
  void Ask(const Fingerprint& stage, Asked asked);
  void Submit();
  void SubmitArray(const SlurmRequest& request, std::vector<Job> jobs);
  // One question to Slurm for all jobs, and to those that were asked to end once more.
  void Look();
  void Hear(const std::map<SlurmTask, SlurmState>& queue);
  void EndThoseAsked();
  JobEnd EndOf(const Submitted& submitted) const;

  fs::path program_, root_;
  SlurmSettings settings_;
  std::vector<Job> started_;  // not submitted yet
  std::map<Fingerprint, Submitted> submitted_;
  std::deque<JobEnd> ended_;
  // What Adopt was told of the arrays of these names, for as long as that is fresh.
  std::map<std::string, std::map<SlurmTask, SlurmState>> seen_;
  std::string trouble_;  // why Slurm does not answer
  Stopwatch since_look_, since_seen_;
  bool look_now_ = false;
  int arrays_ = 0;
};

}  // namespace upcycle
