#include "experiments/run/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace upcycle {

Schedule::Schedule(const LearningRateSettings& settings, int64_t steps, double parent_rate)
    : settings_(settings), steps_(steps) {
  const bool restart = settings.start == ScheduleStart::kRestart;
  peak_ = restart ? settings.peak : parent_rate;
  minimum_ = std::min(settings.minimum, peak_);
  warmup_ = restart ? std::min(settings.warmup_steps, steps) : 0;
}

double Schedule::At(int64_t step) const {
  if (step < warmup_) return peak_ * static_cast<double>(step + 1) / static_cast<double>(warmup_);
  return Decayed(step);
}

double Schedule::Decayed(int64_t step) const {
  // From 0 at the peak to 1 at the last step.
  const double decay_steps = static_cast<double>(std::max<int64_t>(1, steps_ - warmup_));
  const double progress = static_cast<double>(step + 1 - warmup_) / decay_steps;
  const double range = peak_ - minimum_;
  switch (settings_.schedule) {
    case ScheduleShape::kConstant:
      return peak_;
    case ScheduleShape::kLinear:
      return peak_ - range * progress;
    case ScheduleShape::kCosine:
      return minimum_ + range * 0.5 * (1 + std::cos(std::numbers::pi * progress));
    case ScheduleShape::kWarmupStableDecay: {
      const double share = settings_.decay_share;
      if (share <= 0 || progress <= 1 - share) return peak_;
      return peak_ - range * (progress - (1 - share)) / share;
    }
    case ScheduleShape::kInverseSquareRoot: {
      const double warmup = static_cast<double>(std::max<int64_t>(1, warmup_));
      return std::max(minimum_, peak_ * std::sqrt(warmup / static_cast<double>(step + 1)));
    }
  }
  return peak_;
}

}  // namespace upcycle
