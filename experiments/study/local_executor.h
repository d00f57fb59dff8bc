// A process for each stage on this machine: a fault, a kill for memory or a NaN ends one stage and
// never the study.
#pragma once

#include <map>

#include <sys/types.h>

#include "core/files.h"
#include "experiments/study/executor.h"

namespace upcycle {

class LocalExecutor : public Executor {
 public:
  // `program` is run as `program worker FOLDER`; what it prints goes to FOLDER/log.txt. Workers are
  // asked to stop when this process dies, however it dies.
  explicit LocalExecutor(fs::path program) : program_(std::move(program)) {}
  ~LocalExecutor() override;  // kills what still runs

  void Start(const Job& job) override;
  std::optional<JobEnd> Wait(std::chrono::milliseconds timeout) override;
  void Stop() override;
  void Kill() override;
  int running() const override { return static_cast<int>(processes_.size()); }

 private:
  struct Process {
    Fingerprint stage;
    pid_t pid;
  };
  void SignalAll(int signal);

  fs::path program_;
  std::map<int, Process> processes_;  // by a file descriptor of the process (pidfd_open)
};

}  // namespace upcycle
