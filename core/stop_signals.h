// Ctrl-C and SIGTERM as something to look at between two steps, without a signal handler.
#pragma once

#include "core/files.h"

namespace upcycle {

class StopSignals {
 public:
  // From now on SIGINT, SIGTERM and SIGHUP no longer end the process; they wait to be counted here.
  // Make it before any thread starts, since threads inherit what is blocked.
  StopSignals();

  // How often the process was asked to stop so far. Cheap: one system call that does not wait.
  int Requests();

 private:
  FileDescriptor signals_;
  int requests_ = 0;
};

}  // namespace upcycle
