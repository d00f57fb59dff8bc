#include "core/heartbeat.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {

Heartbeat::Heartbeat(const fs::path& path, std::chrono::milliseconds pause)
    : file_(OpenFile(path, O_WRONLY | O_CREAT, "write")),
      beats_(Read(path)),
      end_(::eventfd(0, EFD_CLOEXEC)) {
  if (end_.get() < 0) throw SystemError("begin", "a heartbeat", errno);
  Beat();
  // Signals are for the threads that look for them.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, pause] { BeatUntilTheEnd(pause); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Heartbeat::~Heartbeat() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(end_.get(), &one, sizeof one);
  thread_.join();
}

uint64_t Heartbeat::Read(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[32] = {};
  if (file.get() < 0 || ::pread(file.get(), text, sizeof text - 1, 0) <= 0) return 0;
  return std::strtoull(text, nullptr, 10);
}

// As wide as every later one: written over in place, a beat needs no more room on a full disk.
void Heartbeat::Beat() {
  const std::string text = fmt::format("{:020}\n", ++beats_);
  [[maybe_unused]] const ssize_t written = ::pwrite(file_.get(), text.data(), text.size(), 0);
}

void Heartbeat::BeatUntilTheEnd(std::chrono::milliseconds pause) {
  pollfd end = {end_.get(), POLLIN, 0};
  while (::poll(&end, 1, static_cast<int>(pause.count())) == 0) Beat();
}

}  // namespace upcycle
