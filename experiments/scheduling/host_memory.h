// Whether a stage fits into the memory of this machine beside those that run: so many at once as
// there is room for, whatever the number of jobs.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/fingerprint.h"

namespace upcycle {

// What a worker takes beside the buffers that are planned: the program, its libraries and its
// tokens.
inline constexpr int64_t kWorkerBytes = int64_t{48} << 20;

// Bytes that programs can still have on this machine, or in the control group of this process where
// that allows fewer; 0 where the system does not say.
int64_t AvailableMemoryBytes();

class HostMemory {
 public:
  // `room_bytes` is what was available before this study began; 0: there is no limit.
  explicit HostMemory(int64_t room_bytes) : room_bytes_(room_bytes) {}

  // Takes the room for a stage. Why there is none while others run, "for memory: needs 3.1 GB,
  // 1.2 GB are left"; empty where it was taken. With nothing beside it any stage is let through,
  // and says itself that it does not fit.
  std::string Take(const Fingerprint& stage, int64_t bytes);
  // The stage has ended.
  void Release(const Fingerprint& stage);

 private:
  int64_t room_bytes_;
  int64_t taken_bytes_ = 0;
  std::map<Fingerprint, int64_t> held_;
};

// How much memory stages take: as planned, until one of the same kind and the same plan has been
// measured.
class MemoryNeeds {
 public:
  // Measured at a stage that completed.
  void Learn(const std::string& likeness, int64_t peak_bytes);
  int64_t Of(const std::string& likeness, int64_t planned_bytes) const;

 private:
  std::map<std::string, int64_t> peaks_;  // the largest
};

}  // namespace upcycle
