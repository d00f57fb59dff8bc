// Whether something still gives a sign of life, told by the watcher's own clock.
#pragma once

#include <cstdint>
#include <functional>

namespace upcycle {

// The time for which this process was awake: one that was stopped, or whose machine slept, does not
// hold the others' silence meanwhile against them.
class WakingTime {
 public:
  // `clock` tells seconds since some moment.
  explicit WakingTime(std::function<double()> clock);

  // To be called several times a second. However long ago the last call was, at most a second of
  // it counts.
  void Look();

  double Seconds() const { return seconds_; }

 private:
  std::function<double()> clock_;
  double looked_;
  double seconds_ = 0;
};

// Something that beats (core/heartbeat.h).
class Pulse {
 public:
  // From `now` on, in seconds of waking time.
  explicit Pulse(uint64_t beats, double now) : beats_(beats), heard_(now) {}

  // What it has beaten by `now`.
  void Hear(uint64_t beats, double now);

  double SilentSeconds(double now) const { return now - heard_; }

 private:
  uint64_t beats_;
  double heard_;
};

}  // namespace upcycle
