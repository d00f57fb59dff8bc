// What Slurm's commands are asked, and what their answers say. Only formats made for programs are
// read (squeue --format, sacct --parsable2), never tables for people.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/scheduling/slurm_job.h"

namespace upcycle {

// Where a job stands.
struct SlurmState {
  std::string word;     // PENDING, RUNNING, COMPLETING, FAILED, …
  std::string reason;   // why it waits: Resources, Priority, …; "None" where it does not
  std::string id = {};  // as people and scancel name it: 12_3

  bool Runs() const { return word == "RUNNING"; }
  // Will never run again.
  bool HasEnded() const;
};

// squeue's answer: one line a task, NAME|ARRAY|TASK|STATE|REASON. What is no such line is passed
// over.
std::map<SlurmTask, SlurmState> ParseQueue(std::string_view text);

// The job's number in what `sbatch --parsable` prints, "12" or "12;cluster"; nothing where it is
// none.
std::optional<std::string> ParseSubmitted(std::string_view text);

// The state of a job in sacct's answer, without what follows it: "CANCELLED by 0" is CANCELLED.
// Nothing for no answer.
std::optional<std::string> ParseAccounting(std::string_view text);

// Whether the same call may succeed later, by the message of the one that failed: the controller
// does not answer, or takes no more jobs of this user now.
bool MayPass(std::string_view message);

// The first line of what a command said.
std::string FirstLine(std::string_view text);

// Where all jobs of these names stand, those included that ended lately; nothing where Slurm did
// not answer, and `trouble` then says why.
std::optional<std::map<SlurmTask, SlurmState>> AskQueue(const std::set<std::string>& names,
                                                        std::string* trouble);

// How a job ended that the queue has forgotten, by the cluster's accounting; nothing where there is
// none.
std::optional<std::string> AskAccounting(const std::string& id);

// Takes jobs from the queue, or ends those that run.
void Cancel(const std::vector<std::string>& ids);
// Sends SIGTERM to the scripts of those that run.
void AskToStop(const std::vector<std::string>& ids);

}  // namespace upcycle
