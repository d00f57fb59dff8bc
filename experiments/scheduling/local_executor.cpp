#include "experiments/scheduling/local_executor.h"

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
#include "core/file_lock.h"
#include "core/process_identity.h"

namespace upcycle {
namespace {

constexpr int kCannotExecute = 127;  // as a shell says it

// Runs in the child between vfork and exec, in this process's memory: only async-signal-safe calls,
// and nothing is written that is read afterwards.
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
  if (::getppid() != scheduler) ::kill(::getpid(), SIGTERM);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotExecute);
}

}  // namespace

LocalExecutor::~LocalExecutor() {
  for (const auto& [stage, process] : processes_) {
    if (process.child == 0) continue;
    Signal(stage, SIGKILL);
    ::waitpid(process.child, nullptr, 0);
  }
}

void LocalExecutor::Start(const Job& job) {
  const fs::path log_path = job.folder / "log.txt";
  const FileDescriptor log = OpenFile(log_path, O_WRONLY | O_CREAT | O_APPEND, "write");

  std::vector<std::string> words = {
      program_.native(),           command_,   job.folder.native(), "--threads",
      std::to_string(job.threads), "--device", job.device};
  if (job.until_step > 0)
    words.insert(words.end(), {"--until-step", std::to_string(job.until_step)});
  if (job.launch > 0) words.insert(words.end(), {"--launch", std::to_string(job.launch)});
  if (job.checked) words.push_back("--checked");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t scheduler = ::getpid();
  // A copy of this process (fork) would take longer the more runs it knows.
  const pid_t pid = ::vfork();
  if (pid < 0) throw SystemError("start", program_.native(), errno);
  if (pid == 0) BecomeWorker(arguments.data(), log.get(), scheduler);
  FileDescriptor descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (descriptor.get() < 0) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    throw SystemError("follow", program_.native(), error);
  }
  processes_.insert_or_assign(job.stage, Process{std::move(descriptor), pid});
}

bool LocalExecutor::Adopt(const Fingerprint& stage, const fs::path& folder) {
  const auto holder = FileLock::HolderOf(folder / "lock");
  if (!holder) return false;
  auto descriptor = OpenProcess(*holder);
  if (!descriptor) return false;
  processes_.insert_or_assign(stage, Process{std::move(*descriptor), 0});
  return true;
}

std::optional<JobEnd> LocalExecutor::Wait(std::chrono::milliseconds timeout) {
  std::vector<pollfd> polled;
  std::vector<Fingerprint> stages;
  for (const auto& [stage, process] : processes_) {
    polled.push_back({process.descriptor.get(), POLLIN, 0});
    stages.push_back(stage);
  }
  const int ended = ::poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
  for (size_t i = 0; ended > 0 && i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    const auto process = processes_.find(stages[i]);
    std::optional<JobEnd> end = EndOf(process->first, process->second);
    if (!end) continue;
    processes_.erase(process);
    return end;
  }
  memory_kills_.Look();
  return std::nullopt;
}

std::vector<Fingerprint> LocalExecutor::Followed() const {
  std::vector<Fingerprint> stages;
  for (const auto& [stage, process] : processes_) stages.push_back(stage);
  return stages;
}

std::optional<JobEnd> LocalExecutor::EndOf(const Fingerprint& stage, const Process& process) {
  JobEnd end = {.stage = stage};
  if (process.child == 0) return end;
  int status = 0;
  rusage usage = {};
  if (::wait4(process.child, &status, WNOHANG, &usage) != process.child) return std::nullopt;
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  end.peak_memory_bytes = int64_t{usage.ru_maxrss} * 1024;
  end.for_want_of_memory = end.signal == SIGKILL && memory_kills_.Take();
  return end;
}

// Through its descriptor: the number may be another process's by now.
void LocalExecutor::Signal(const Fingerprint& stage, int signal) {
  const auto process = processes_.find(stage);
  if (process == processes_.end()) return;
  ::syscall(SYS_pidfd_send_signal, process->second.descriptor.get(), signal, nullptr, 0);
}

void LocalExecutor::Stop(const Fingerprint& stage) { Signal(stage, SIGTERM); }

void LocalExecutor::Kill(const Fingerprint& stage) { Signal(stage, SIGKILL); }

}  // namespace upcycle
