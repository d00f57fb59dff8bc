// A stage as a job of a Slurm cluster: what is submitted, and what its folder keeps to find the job
// again and to tell how it ended.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/site/site.h"
#include "experiments/scheduling/executor.h"

namespace upcycle {

// One job of an array. The name is given before the array is submitted and is given once: the job
// can be found although nobody was there to hear its number.
struct SlurmTask {
  std::string name;  // of the array
  int index = 0;     // in it
  auto operator<=>(const SlurmTask&) const = default;
};

// FOLDER/slurm.json: which job is, or was, at the stage.
void WriteTask(const fs::path& folder, const SlurmTask& task);
std::optional<SlurmTask> ReadTask(const fs::path& folder);

// FOLDER/slurm_end.json: how the job's worker ended, as its script saw it.
struct ScriptEnd {
  int status = 0;  // a shell's: 128 + N for signal N
  std::string node;
};
// Nothing where the script of this task wrote none.
std::optional<ScriptEnd> ReadScriptEnd(const fs::path& folder, const SlurmTask& task);

// Where Slurm itself writes what it has to say about a task.
fs::path OutputOf(const fs::path& root, const SlurmTask& task);

// Takes what Slurm said into the stage's log, and forgets the job.
void ForgetTask(const fs::path& root, const fs::path& folder, const SlurmTask& task);

// What is asked for and what is run: jobs that are equal in it share an array.
struct SlurmRequest {
  int64_t threads = 1;
  int64_t memory_mib = 0;  // 0: not asked for
  int64_t minutes = 0;     // that a job may take; 0: as long as the site lets it
  bool gpu = false;
  std::string device = {};
  int64_t until_step = 0;
  int64_t launch = 0;
  bool checked = false;
  auto operator<=>(const SlurmRequest&) const = default;
};
SlurmRequest RequestOf(const Job& job, const SlurmSettings& settings);

// The words of sbatch for an array of `count` jobs; the script is its standard input.
std::vector<std::string> SubmitWords(const std::string& name, size_t count, const fs::path& root,
                                     const SlurmRequest& request, const SlurmSettings& settings);

// Job number i does the stage of folder i. It hands SIGTERM on to the worker and says how that
// ended.
std::string ScriptOf(const std::string& name, const fs::path& program,
                     const std::vector<fs::path>& folders, const SlurmRequest& request);

// What Slurm's state of an ended job and its script's word make known; nothing where the stage's
// journal or log has to say it.
std::optional<KnownCause> KnownCauseOf(const std::string& state,
                                       const std::optional<ScriptEnd>& script,
                                       const std::string& id, const fs::path& program);

}  // namespace upcycle
