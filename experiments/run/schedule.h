// The learning rate over the steps of one training.
#pragma once

#include <cstdint>

#include "core/recipe/settings.h"

namespace upcycle {

class Schedule {
 public:
  // `steps` in all. `parent_rate` is the rate with which the parent's training ended; it is the
  // peak where `start: continue` asks for it, and there is no warm-up then.
  Schedule(const LearningRateSettings& settings, int64_t steps, double parent_rate);

  // The rate of step 0 ≤ step < steps. The warm-up reaches the peak at its last step; every decay
  // reaches the minimum at the last step of all.
  double At(int64_t step) const;
  double Last() const { return At(steps_ - 1); }

 private:
  double Decayed(int64_t step) const;

  LearningRateSettings settings_;
  int64_t steps_;
  double peak_;
  double minimum_;
  int64_t warmup_;
};

}  // namespace upcycle
