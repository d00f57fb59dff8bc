#include "experiments/scheduling/pulse.h"

#include <algorithm>

namespace upcycle {

void WakingTime::Look() {
  constexpr double kLongestLook = 1;
  seconds_ += std::min(kLongestLook, since_look_.Seconds());
  since_look_.Restart();
}

void Pulse::Hear(uint64_t beats, double now) {
  if (beats == beats_) return;
  beats_ = beats;
  heard_ = now;
}

}  // namespace upcycle
