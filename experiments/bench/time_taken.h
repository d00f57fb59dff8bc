// What something took of this process's time.
#pragma once

namespace upcycle {

struct TimeTaken {
  double wall_seconds = 0;
  double cpu_seconds = 0;  // user and system time of all threads; of child processes none

  TimeTaken& operator+=(const TimeTaken& other);
};

class TimeClock {
 public:
  TimeClock() : begin_(Now()) {}
  TimeTaken Taken() const;  // since it was made

 private:
  static TimeTaken Now();
  TimeTaken begin_;
};

}  // namespace upcycle
