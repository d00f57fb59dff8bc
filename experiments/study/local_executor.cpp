#include "experiments/study/local_executor.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

constexpr int kCannotExecute = 127;  // as a shell says it

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void BecomeWorker(char* const* arguments, int log, pid_t scheduler) {
  // Its own process group, so that Ctrl-C on the terminal reaches the scheduler alone, which then
  // asks the workers to stop. The death of the scheduler asks them too; it may have died before
  // this line.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // What asks for a stop stays blocked through exec, as the scheduler blocks it: a request that
  // comes before the worker looks for one waits instead of killing it.
  sigset_t stops;
  ::sigemptyset(&stops);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&stops, signal);
  ::sigprocmask(SIG_SETMASK, &stops, nullptr);
  if (::getppid() != scheduler) ::raise(SIGTERM);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotExecute);
}

}  // namespace

LocalExecutor::~LocalExecutor() {
  Kill();
  for (const auto& [descriptor, process] : processes_) {
    ::waitpid(process.pid, nullptr, 0);
    ::close(descriptor);
  }
}

void LocalExecutor::Start(const Job& job) {
  const fs::path log_path = job.folder / "log.txt";
  const FileDescriptor log = OpenFile(log_path, O_WRONLY | O_CREAT | O_APPEND, "write");

  std::vector<std::string> words = {
      program_.native(),           "worker",   job.folder.native(), "--threads",
      std::to_string(job.threads), "--device", job.device};
  if (job.checked) words.push_back("--checked");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t scheduler = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SystemError("start", program_.native(), errno);
  if (pid == 0) BecomeWorker(arguments.data(), log.get(), scheduler);
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    throw SystemError("follow", program_.native(), error);
  }
  processes_[descriptor] = {job.stage, pid};
}

std::optional<JobEnd> LocalExecutor::Wait(std::chrono::milliseconds timeout) {
  std::vector<pollfd> polled;
  for (const auto& [descriptor, process] : processes_) polled.push_back({descriptor, POLLIN, 0});
  if (::poll(polled.data(), polled.size(), static_cast<int>(timeout.count())) <= 0)
    return std::nullopt;
  for (const pollfd& entry : polled) {
    if (entry.revents == 0) continue;
    const Process process = processes_.at(entry.fd);
    int status = 0;
    rusage usage = {};
    if (::wait4(process.pid, &status, WNOHANG, &usage) != process.pid) continue;
    ::close(entry.fd);
    processes_.erase(entry.fd);
    JobEnd end;
    end.stage = process.stage;
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.peak_memory_bytes = int64_t{usage.ru_maxrss} * 1024;
    return end;
  }
  return std::nullopt;
}

void LocalExecutor::SignalAll(int signal) {
  for (const auto& [descriptor, process] : processes_) ::kill(process.pid, signal);
}

void LocalExecutor::Stop() { SignalAll(SIGTERM); }

void LocalExecutor::Kill() { SignalAll(SIGKILL); }

}  // namespace upcycle
