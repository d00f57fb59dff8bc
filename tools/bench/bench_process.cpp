#include "tools/bench/bench_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/stopwatch.h"

namespace upcycle {
namespace {

// In the child: system calls alone.
[[noreturn]] void BecomeSelf(char* const* arguments, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

std::string ProblemOf(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : fmt::format("ended with status {}", code);
}

}  // namespace

ProcessEnd RunSelf(const std::vector<std::string>& arguments, double limit_seconds) {
  std::vector<std::string> words = {"upcycle"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SystemError("start", "/proc/self/exe", errno);
  if (pid == 0) BecomeSelf(pointers.data(), parent);
  const Stopwatch clock;
  int status = 0;
  bool late = false;
  while (::waitpid(pid, &status, late ? 0 : WNOHANG) == 0) {
    late = clock.Seconds() > limit_seconds;
    if (late) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (late) return {fmt::format("not done within {:.3g} s", limit_seconds)};
  return {ProblemOf(status)};
}

int ProcessNumber() { return static_cast<int>(::getpid()); }

}  // namespace upcycle
