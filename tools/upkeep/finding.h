// One thing that `upcycle doctor` looked at.
#pragma once

#include <string>

#include "tools/terminal/state_options.h"

namespace upcycle {

struct Finding {
  std::string topic;
  bool works = true;
  std::string found;
  std::string advice;  // how to get what does not work; or what to know of it
};

// Of this machine whatever its state (doctor_machine.cpp).
Finding LookAtBlas();
Finding LookAtContainer();  // what of memory and cores it leaves to this process
Finding LookAtLimits();     // open files, processes, sizes of files (getrlimit(2))
Finding LookAtClock();      // whether somebody keeps it right (adjtimex(2))
Finding LookAtSlurm();
Finding LookAtRenderer();  // of plots as PNG and PDF
Finding LookAtNccl();

// Of a folder of state (doctor_root.cpp).
Finding LookAtDisk(const StateOptions& state);
Finding LookAtLocks(const StateOptions& state);
Finding LookAtLedger(const StateOptions& state);
Finding LookAtScheduler(const StateOptions& state);

}  // namespace upcycle
