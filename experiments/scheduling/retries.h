// Whether a stage is tried again after an attempt that did not complete it: only where the next one
// can come to another end, and only so often.
#pragma once

#include <cstdint>

#include "results/ledger/journal_events.h"

namespace upcycle {

enum class NextStep {
  kGiveUp,
  kAgain,  // from its last checkpoint
  kAlone,  // with nothing else on the machine
  kHalt,   // nothing more can be begun: other stages would fail of the same
};

// Of one stage, over the attempts of one launch.
class Retries {
 public:
  // `restarts` is how often in a row an attempt may end without having got further than those
  // before it.
  explicit Retries(int restarts) : restarts_(restarts) {}

  // After an attempt that ended so, having reached `step`. `was_alone`: nothing ran beside it, and
  // it can have no more of the machine.
  NextStep After(const AttemptEnd& end, int64_t step, bool was_alone = false);

 private:
  NextStep Once(bool& done, NextStep step);

  int restarts_;
  int in_vain_ = 0;
  int64_t furthest_ = 0;
  bool alone_was_tried_ = false;
  bool device_was_tried_ = false;
};

}  // namespace upcycle
