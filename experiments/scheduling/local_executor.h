// Workers as child processes on this machine.
#pragma once

#include <map>
#include <string>

#include "core/files.h"
#include "experiments/scheduling/executor.h"
#include "experiments/scheduling/memory_kills.h"

namespace upcycle {

class LocalExecutor : public Executor {
 public:
  // `program` is run as `program command FOLDER`; what it prints goes to FOLDER/log.txt. Workers
  // are asked to stop when this process dies, however it dies.
  explicit LocalExecutor(fs::path program, std::string command = "worker")
      : program_(std::move(program)), command_(std::move(command)) {}
  ~LocalExecutor() override;  // kills what it started and still runs

  void Start(const Job& job) override;
  // The process that holds the stage's lock, if it is on this machine. Of its end no exit status
  // can be seen.
  bool Adopt(const Fingerprint& stage, const fs::path& folder) override;
  std::optional<JobEnd> Wait(std::chrono::milliseconds timeout) override;
  std::vector<Fingerprint> Followed() const override;
  void Stop(const Fingerprint& stage) override;
  void Kill(const Fingerprint& stage) override;

 private:
  struct Process {
    FileDescriptor descriptor;  // of the process (pidfd_open)
    pid_t child;                // 0: another process's
  };
  // If it has ended. A child is taken off the system's list.
  std::optional<JobEnd> EndOf(const Fingerprint& stage, const Process& process);
  void Signal(const Fingerprint& stage, int signal);

  fs::path program_;
  std::string command_;
  std::map<Fingerprint, Process> processes_;
  MemoryKills memory_kills_;
};

}  // namespace upcycle
