#include "experiments/scheduling/retries.h"

#include "core/error.h"

namespace upcycle {

NextStep Retries::After(const AttemptEnd& end, int64_t step, bool was_alone) {
  const bool got_further = step > furthest_;
  if (got_further) furthest_ = step;
  switch (CauseFromName(end.cause)) {
    case Cause::kInterrupted:
    case Cause::kKilled:
    case Cause::kLost:
      // Not its own doing. One that gets further each time comes to its end.
      in_vain_ = got_further ? 0 : in_vain_ + 1;
      return in_vain_ > restarts_ ? NextStep::kGiveUp : NextStep::kAgain;
    case Cause::kMemory:
    case Cause::kDeviceMemory:
      return was_alone ? NextStep::kGiveUp : Once(alone_was_tried_, NextStep::kAlone);
    case Cause::kDevice:
      return Once(device_was_tried_, NextStep::kAgain);
    case Cause::kDisk:
      return NextStep::kHalt;
    case Cause::kInput:
    case Cause::kDiverged:
    case Cause::kTimeout:
    case Cause::kBug:
      break;
  }
  return NextStep::kGiveUp;
}

NextStep Retries::Once(bool& done, NextStep step) {
  if (restarts_ == 0 || done) return NextStep::kGiveUp;
  done = true;
  return step;
}

}  // namespace upcycle
