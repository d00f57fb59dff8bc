// A worker that stands still amid its training, so that its study cannot end while a test does
// something to it, however long that takes.
#pragma once

#include <filesystem>

#include <sys/types.h>

#include "tests/tools/program.h"

namespace upcycle {

// Stops the process (SIGSTOP) that is at this stage, in which it has taken steps of a training and
// has steps left. It goes on, and false is returned, where it turns out to be elsewhere.
bool StopAmidItsSteps(pid_t worker, const std::filesystem::path& stage);

class CaughtWorker {
 public:
  // Waits, while `run` runs, for a worker under this root that trains, and stops it. A failure of
  // the test where there is none.
  CaughtWorker(Program& run, const std::filesystem::path& root);
  ~CaughtWorker() { LetGoOn(); }
  CaughtWorker(const CaughtWorker&) = delete;
  CaughtWorker& operator=(const CaughtWorker&) = delete;

  pid_t pid() const { return pid_; }  // 0: there is none
  const std::filesystem::path& stage() const { return stage_; }

  void Signal(int signal) const;
  void LetGoOn() const;

 private:
  bool Catch(const std::filesystem::path& root);

  pid_t pid_ = 0;
  std::filesystem::path stage_;
};

// The folder of the stage whose lock it holds; empty where it holds none.
std::filesystem::path StageOf(pid_t worker, const std::filesystem::path& root);

}  // namespace upcycle
