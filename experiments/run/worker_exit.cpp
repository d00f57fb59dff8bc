#include "experiments/run/worker_exit.h"

namespace upcycle {

WorkerExit ExitOf(Cause cause) {
  switch (cause) {
    case Cause::kInput:
      return WorkerExit::kBadInput;
    case Cause::kMemory:
      return WorkerExit::kMemory;
    case Cause::kDeviceMemory:
      return WorkerExit::kDeviceMemory;
    case Cause::kDisk:
      return WorkerExit::kDisk;
    case Cause::kDevice:
      return WorkerExit::kDevice;
    case Cause::kDiverged:
      return WorkerExit::kDiverged;
    case Cause::kInterrupted:
      return WorkerExit::kStopped;
    case Cause::kTimeout:
    case Cause::kKilled:
    case Cause::kLost:
    case Cause::kBug:
      break;
  }
  return WorkerExit::kFailed;
}

std::optional<Cause> CauseOfExit(int code) {
  for (const Cause cause : {Cause::kInput, Cause::kMemory, Cause::kDeviceMemory, Cause::kDisk,
                            Cause::kDevice, Cause::kDiverged, Cause::kInterrupted}) {
    if (static_cast<int>(ExitOf(cause)) == code) return cause;
  }
  return std::nullopt;
}

StageState OutcomeOf(Cause cause) {
  if (cause == Cause::kInterrupted) return StageState::kStopped;
  return cause == Cause::kDiverged ? StageState::kDiverged : StageState::kFailed;
}

}  // namespace upcycle
