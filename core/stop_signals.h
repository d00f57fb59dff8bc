// Ctrl-C and SIGTERM as something to look at between two steps, whichever thread they reach.
#pragma once

#include "core/files.h"

namespace upcycle {

class StopSignals {
 public:
  // From now on SIGINT, SIGTERM and SIGHUP no longer end the process; they wait to be counted here.
  // For the main thread. Threads that start later inherit what is blocked; those that libraries
  // started before it pass a signal on.
  StopSignals();

  // How often the process was asked to stop so far. Cheap: one system call that does not wait.
  int Requests();

 private:
  FileDescriptor signals_;
  int requests_ = 0;
};

}  // namespace upcycle
