// A Slurm cluster of this machine alone, for a test: daemons, keys, ports and state of its own, on
// loopback, gone with it.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/temporary_folder.h"

namespace upcycle {

class SlurmCluster {
 public:
  // Which of Slurm's programs is missing here; empty where none is.
  static std::string Missing();

  // One node with two CPUs, a partition "main", and "urgent", whose jobs put those of "main" back
  // into the queue. Programs started from now on talk to it. Throws std::runtime_error with the
  // logs where it does not come up.
  SlurmCluster();
  // Takes everything from the queue, and ends the daemons.
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  // What a command of Slurm's prints, line by line; the test fails where it fails.
  std::vector<std::string> Ask(const std::vector<std::string>& command) const;

  // One line a job that waits or runs, in this squeue format.
  std::vector<std::string> Queue(const std::string& format) const;
  // Every job so far, "NUMBER_TASK" each.
  std::vector<std::string> Submitted() const;

 private:
  void Start(const std::vector<std::string>& words);
  void WriteConfiguration() const;
  std::string Logs() const;

  TemporaryFolder folder_;
  std::vector<pid_t> daemons_;
};

}  // namespace upcycle
