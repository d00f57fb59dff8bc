// Wall time, for what is shown or recorded beside results and never decides one.
#pragma once

#include <chrono>

namespace upcycle {

class Stopwatch {
 public:
  void Restart() { begin_ = Clock::now(); }

  // Since it was made or last restarted.
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

// Since some moment: for differences alone.
inline double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Since 1970, by the machine's clock: it may jump, and no two machines have the same.
inline double UnixSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace upcycle
