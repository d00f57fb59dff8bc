// Runs the processes that do the stages. The scheduler decides what and when; an executor knows
// how.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/fingerprint.h"

namespace upcycle {

// One process to start: `upcycle worker FOLDER`.
struct Job {
  Fingerprint stage;
  std::filesystem::path folder;  // of the stage; stage.json is in it
  int64_t threads = 1;
  std::string device = "cpu";  // cpu or cuda:N
  bool checked = false;        // WorkerOptions::checked
};

// How a process ended. Why is in the stage's journal, unless it died of a signal.
struct JobEnd {
  Fingerprint stage;
  int exit_code = 0;  // where it exited by itself
  int signal = 0;     // where it was killed, else 0
  int64_t peak_memory_bytes = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Starts the job's process. Throws Error if no process can be made.
  virtual void Start(const Job& job) = 0;

  // The next process that ended, waiting at most `timeout` for one.
  virtual std::optional<JobEnd> Wait(std::chrono::milliseconds timeout) = 0;

  // Asks all processes to stop at their next step, with a checkpoint.
  virtual void Stop() = 0;
  // Ends all processes at once.
  virtual void Kill() = 0;

  virtual int running() const = 0;
};

}  // namespace upcycle
