#include "tests/tools/program.h"

#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/files.h"

namespace upcycle {
namespace {

// Where the standard stream `stream` of the program that is about to begin ends up.
void Redirect(int stream, const fs::path& path) {
  dup2(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666), stream);
}

void RedirectOutput(OutputKind kind, const fs::path& file) {
  int pipe_ends[2];
  switch (kind) {
    case OutputKind::kFile:
      return Redirect(STDOUT_FILENO, file);
    case OutputKind::kFullDisk:
      return Redirect(STDOUT_FILENO, "/dev/full");
    case OutputKind::kClosedPipe:
      if (pipe(pipe_ends) != 0) _exit(127);
      close(pipe_ends[0]);
      dup2(pipe_ends[1], STDOUT_FILENO);
      close(pipe_ends[1]);
      signal(SIGPIPE, SIG_IGN);
      return;
  }
}

// A process's command line; empty where it has ended, which it may any moment, even while it is
// read.
std::string CommandLineOf(const fs::path& process) {
  std::stringstream words;
  words << std::ifstream(process / "cmdline", std::ios::binary).rdbuf();
  return words.str();
}

// 'T' where it is stopped (proc(5)); 0 where it is gone.
char StateOf(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t name_end = text.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

// Whether the signal is in a set that /proc/PID/status tells, such as "SigBlk".
bool IsInSet(pid_t process, const std::string& set, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(set + ":")) continue;
    return (std::stoull(line.substr(set.size() + 1), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return false;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, OutputKind output) {
  std::vector<std::string> words = {UPCYCLE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // A program may be killed before it has begun: what it wrote is empty then, and not missing.
  for (const char* stream : {"out", "err"}) std::ofstream(output_ / stream).close();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  RedirectOutput(output, output_ / "out");
  Redirect(STDERR_FILENO, output_ / "err");
  execv(pointers[0], pointers.data());
  _exit(127);
}

Program::~Program() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Program::Signal(int signal) { kill(pid_, signal); }

bool Program::Running() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

Finished Program::Wait() {
  if (!ended_) waitpid(pid_, &status_, 0);
  ended_ = true;
  Finished finished;
  finished.exit_code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  finished.out = ReadTextFile(output_ / "out");
  finished.err = ReadTextFile(output_ / "err");
  return finished;
}

std::string Program::OutputSoFar() const { return ReadTextFile(output_ / "out"); }
std::string Program::ErrorsSoFar() const { return ReadTextFile(output_ / "err"); }

bool Program::Await(const std::function<bool()>& what) {
  const auto latest = std::chrono::steady_clock::now() + std::chrono::minutes(10);
  while (Running() && std::chrono::steady_clock::now() < latest) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool Program::AwaitItsHearing() {
  return Await([&] { return IsInSet(pid_, "SigCgt", SIGINT); });
}

bool IsPending(pid_t process, int signal) { return IsInSet(process, "ShdPnd", signal); }

// A signal has been sent before it is obeyed.
bool StopProcess(pid_t process) {
  if (kill(process, SIGSTOP) != 0) return false;
  while (true) {
    const char state = StateOf(process);
    if (state == 'T') return true;
    if (state == '\0' || state == 'Z' || state == 'X') return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Finished RunProgram(const std::vector<std::string>& arguments, OutputKind output) {
  return Program(arguments, output).Wait();
}

std::vector<pid_t> WorkersUnder(const fs::path& root) {
  std::vector<pid_t> workers;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words = CommandLineOf(entry.path());
    const bool worker = words.find(std::string("\0worker\0", 8)) != std::string::npos;
    if (worker && words.find((root / "stages").native()) != std::string::npos) {
      workers.push_back(std::stoi(name));
    }
  }
  return workers;
}

}  // namespace upcycle
