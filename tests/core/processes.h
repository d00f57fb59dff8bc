// Child processes, and limits that the system puts on a process.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {

// The exit status of `act` in a process of its own; -1 if a signal ended it.
inline int StatusOfChild(const std::function<int()>& act) {
  const pid_t child = fork();
  if (child == 0) _exit(act());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The number of a process that has ended.
inline pid_t EndedProcess() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

// The cause with which `act` fails in a process that is not the superuser, to whom nothing is
// forbidden; -1 if it does not fail.
inline int CauseWithoutRights(const std::function<void()>& act) {
  constexpr int kNoRightsToDrop = 100, kNothingFailed = 101;
  const int status = StatusOfChild([&] {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) return kNoRightsToDrop;
    try {
      act();
    } catch (const Error& error) {
      return static_cast<int>(error.cause());
    }
    return kNothingFailed;
  });
  return status < kNoRightsToDrop ? status : -1;
}

// Takes from the owner the right to change what is in a folder.
inline void MakeUnwritable(const std::filesystem::path& folder) {
  using std::filesystem::perms;
  std::filesystem::permissions(
      folder, perms::owner_read | perms::owner_exec | perms::others_read | perms::others_exec);
}

// While it lives, no file of this process can grow beyond `bytes`: a full disk, as far as a writer
// can tell.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  using Handler = void (*)(int);
  Handler handler_;
  rlimit before_;
};

}  // namespace upcycle
