// The product as its users run it: the program itself, its output and its exit code.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/temporary_folder.h"

namespace upcycle {

struct Finished {
  int exit_code = 0;  // 128 + N if signal N ended it
  std::string out;
  std::string err;
};

// What the standard output of a program is.
enum class OutputKind {
  kFile,        // with room
  kFullDisk,    // a place without
  kClosedPipe,  // one whose reader has gone, and SIGPIPE is ignored
};

// A running `upcycle ARGUMENTS`.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments,
                   OutputKind output = OutputKind::kFile);
  ~Program();  // kills it if nobody waited
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int signal);
  bool Running();
  std::string OutputSoFar() const;
  std::string ErrorsSoFar() const;
  // Waits while it runs, for at most ten minutes; whether it came true.
  bool Await(const std::function<bool()>& what);
  // Waits until a request to stop is heard. An earlier one ends it as it ends any program.
  bool AwaitItsHearing();
  Finished Wait();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
  TemporaryFolder output_;
};

// Runs it to its end.
Finished RunProgram(const std::vector<std::string>& arguments,
                    OutputKind output = OutputKind::kFile);

// Whether the signal was sent to a process that has not looked for it yet, or that is stopped.
bool IsPending(pid_t process, int signal);

// Stops the process (SIGSTOP) and waits until it stands still. False where it has ended.
bool StopProcess(pid_t process);

// The workers that a run of this root has started and that still live.
std::vector<pid_t> WorkersUnder(const std::filesystem::path& root);

}  // namespace upcycle
