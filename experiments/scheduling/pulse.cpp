#include "experiments/scheduling/pulse.h"

#include <algorithm>
#include <utility>

namespace upcycle {

WakingTime::WakingTime(std::function<double()> clock)
    : clock_(std::move(clock)), looked_(clock_()) {}

void WakingTime::Look() {
  constexpr double kLongestLook = 1;
  const double now = clock_();
  seconds_ += std::min(kLongestLook, now - looked_);
  looked_ = now;
}

void Pulse::Hear(uint64_t beats, double now) {
  if (beats == beats_) return;
  beats_ = beats;
  heard_ = now;
}

}  // namespace upcycle
