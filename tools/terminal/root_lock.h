// Who may change a root: one process at a time.
#pragma once

#include "core/file_lock.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

// Held by the one scheduler of a root, and by commands that change what it reads. Throws
// Error(kInput) with who holds it if somebody does.
FileLock LockRoot(const StateOptions& state);

}  // namespace upcycle
