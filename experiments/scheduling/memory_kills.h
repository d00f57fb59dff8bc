// Whether the kernel killed processes for want of memory: a SIGKILL alone does not tell who sent
// it.
#pragma once

#include <cstdint>
#include <string>

#include "core/stopwatch.h"

namespace upcycle {

class MemoryKills {
 public:
  // Counts from now on.
  MemoryKills();

  // To be called again and again, also where nothing ended.
  void Look();

  // Whether there was such a kill in the last seconds that no process was yet held to have died of.
  // Call it for each process that died of SIGKILL, right after its end was seen.
  bool Take();

 private:
  void Count();
  int64_t KillsSoFar() const;

  std::string file_;  // that counts them
  int64_t seen_;
  int64_t untaken_ = 0;
  Stopwatch since_look_, since_kill_;
};

}  // namespace upcycle
