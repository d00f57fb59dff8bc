// `upcycle status --watch`: a live view in the terminal.
#pragma once

#include <string>

#include "tools/terminal/state_options.h"

namespace upcycle {

struct WatchOptions {
  std::string study;  // empty: all, and whole the one that runs or ran last
  int every_seconds = 2;
};

// Draws on standard output, a terminal, until it is asked to stop, and leaves the last view there.
// Throws Error as ReadStudyView does if even the first look fails; later ones are tried again.
void WatchStatus(const StateOptions& state, const WatchOptions& options);

}  // namespace upcycle
