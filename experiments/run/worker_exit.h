// How a worker's process ends.
#pragma once

#include <optional>

#include "core/error.h"
#include "results/ledger/records.h"

namespace upcycle {

// Exit codes. The reason is in the journal, unless there was no room for it: then its class is
// here.
enum class WorkerExit {
  kComplete = 0,
  kFailed = 1,
  kBadInput = 2,
  kBusy = 3,  // another process is at the stage
  kMemory = 4,
  kDisk = 5,
  kDevice = 6,
  kDiverged = 7,
  kDeviceMemory = 8,
  kStopped = 130,
};

WorkerExit ExitOf(Cause cause);

// What an exit code tells by itself; nothing where it may mean many things.
std::optional<Cause> CauseOfExit(int code);

// How an attempt ends for this cause: diverged, stopped or failed.
StageState OutcomeOf(Cause cause);

}  // namespace upcycle
