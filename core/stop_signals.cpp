#include "core/stop_signals.h"

#include <cerrno>

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {

namespace {

// Reached by a thread that does not block it, such as one that a library started before main: the
// main thread does, and has it pending then.
void PassToMainThread(int signal) {
  const int error = errno;
  ::syscall(SYS_tgkill, ::getpid(), ::getpid(), signal);
  errno = error;
}

}  // namespace

StopSignals::StopSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0)
    throw SystemError("block", "signals", errno);
  struct sigaction action = {};
  action.sa_handler = PassToMainThread;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (::sigaction(signal, &action, nullptr) != 0) throw SystemError("watch", "signals", errno);
  }
  signals_ = FileDescriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (signals_.get() < 0) throw SystemError("watch", "signals", errno);
}

int StopSignals::Requests() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) ++requests_;
  return requests_;
}

}  // namespace upcycle
