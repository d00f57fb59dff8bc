// Runs the processes that do the stages. The scheduler decides what and when; an executor knows
// how and where.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/fingerprint.h"

namespace upcycle {

// One process to start: `upcycle worker FOLDER`.
struct Job {
  Fingerprint stage = {};
  std::filesystem::path folder = {};  // of the stage; stage.json is in it
  int64_t threads = 1;
  std::string device = "cpu";   // cpu or cuda:N; auto and cuda where its machine is not known yet
  int64_t until_step = 0;       // WorkerOptions::until_step
  int64_t launch = 0;           // that it is part of; 0: of none
  bool checked = false;         // WorkerOptions::checked
  int64_t memory_bytes = 0;     // of its planned buffers
  double time_limit_hours = 0;  // after which it is ended; 0: never
  bool wanted_memory = false;   // an attempt before this one ended for want of memory
};

// What whoever ran a process knows about its end.
struct KnownCause {
  Cause cause = Cause::kBug;
  std::string message;
};

// How a process ended. Why is in the stage's journal, unless it could not say it any more.
struct JobEnd {
  Fingerprint stage = {};
  std::optional<int> exit_code = std::nullopt;  // where it exited by itself, and that was seen
  int signal = 0;                               // where it was killed, else 0
  std::optional<int64_t> peak_memory_bytes = std::nullopt;
  bool for_want_of_memory = false;                       // the kernel, which killed it, says so
  std::optional<KnownCause> known_cause = std::nullopt;  // a cluster's, where it has one
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Starts the job's process. Throws Error if none can be made.
  virtual void Start(const Job& job) = 0;

  // Follows the process that is at this stage already, begun by a scheduler that has died. False
  // where there is none, or none that could be followed from here.
  virtual bool Adopt(const Fingerprint& stage, const std::filesystem::path& folder) = 0;

  // Why the stage's process has not begun yet, or does not run just now, for whoever waits for it:
  // it gives no sign of life meanwhile. Nothing where it runs.
  virtual std::optional<std::string> WhyItWaits(const Fingerprint&) const { return std::nullopt; }

  // The next process that ended, waiting at most `timeout` for one.
  virtual std::optional<JobEnd> Wait(std::chrono::milliseconds timeout) = 0;

  // The stages whose ends Wait has still to tell.
  virtual std::vector<Fingerprint> Followed() const = 0;

  // Asks the stage's process to stop at its next step, with a checkpoint.
  virtual void Stop(const Fingerprint& stage) = 0;
  // Ends it at once.
  virtual void Kill(const Fingerprint& stage) = 0;
};

}  // namespace upcycle
