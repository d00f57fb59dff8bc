#include "core/program_run.h"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"

namespace upcycle {
namespace {

constexpr int kCannotExecute = 127;  // as a shell says it

// A file without a name: unlike a pipe it is never full, however much is written before somebody
// reads.
FileDescriptor MakeMemoryFile(const char* name) {
  FileDescriptor file(::memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) throw SystemError("make", name, errno);
  return file;
}

std::string ContentOf(const FileDescriptor& file) {
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  return ReadAt(file.get(), 0, size > 0 ? static_cast<size_t>(size) : 0, "a program's output");
}

// False where it still runs after `limit`.
bool WaitFor(pid_t child, std::chrono::milliseconds limit) {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (process.get() < 0) return false;
  pollfd end = {process.get(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const int ready = ::poll(&end, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

ProgramEnd RunToEnd(const std::vector<std::string>& words, std::string_view input,
                    std::chrono::milliseconds limit) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const FileDescriptor in = MakeMemoryFile("input"), out = MakeMemoryFile("output"),
                       err = MakeMemoryFile("errors");
  WriteAll(in.get(), input.data(), input.size(), "a program's input");
  ::lseek(in.get(), 0, SEEK_SET);

  const pid_t child = ::fork();
  if (child < 0) throw SystemError("start", words.at(0), errno);
  if (child == 0) {  // only async-signal-safe calls
    ::dup2(in.get(), STDIN_FILENO);
    ::dup2(out.get(), STDOUT_FILENO);
    ::dup2(err.get(), STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(kCannotExecute);
  }
  ProgramEnd end;
  end.timed_out = !WaitFor(child, limit);
  if (end.timed_out) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  end.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  end.out = ContentOf(out);
  end.err = ContentOf(err);
  return end;
}

}  // namespace upcycle
