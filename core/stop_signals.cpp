#include "core/stop_signals.h"

#include <cerrno>

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {

StopSignals::StopSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0)
    throw SystemError("block", "signals", errno);
  signals_ = FileDescriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (signals_.get() < 0) throw SystemError("watch", "signals", errno);
}

int StopSignals::Requests() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) ++requests_;
  return requests_;
}

}  // namespace upcycle
