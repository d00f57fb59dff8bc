#include "experiments/bench/time_taken.h"

#include <chrono>

#include <sys/resource.h>

namespace upcycle {

TimeTaken& TimeTaken::operator+=(const TimeTaken& other) {
  wall_seconds += other.wall_seconds;
  cpu_seconds += other.cpu_seconds;
  return *this;
}

TimeTaken TimeClock::Taken() const {
  const TimeTaken now = Now();
  return {now.wall_seconds - begin_.wall_seconds, now.cpu_seconds - begin_.cpu_seconds};
}

TimeTaken TimeClock::Now() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(wall).count(),
          seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

}  // namespace upcycle
