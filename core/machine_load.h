// How busy this machine is: its cores and its memory, and what others found of its GPUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace upcycle {

struct GpuLoad {
  int number = 0;  // as the driver counts them
  std::string name;
  std::optional<double> busy_share = std::nullopt;  // of the last moments in which some kernel ran
  int64_t memory_bytes = 0;
  int64_t used_bytes = 0;  // by all processes
};

struct MachineLoad {
  std::string host;
  int64_t cores = 0;
  std::optional<double> busy_share =
      std::nullopt;          // of all cores; not known before the second look
  int64_t memory_bytes = 0;  // 0: the system does not say
  int64_t used_bytes = 0;
  std::vector<GpuLoad> gpus = {};
};

// Looks again and again; what is busy is told of the time between two looks.
class LoadMeter {
 public:
  // `system` is where Linux tells of itself.
  explicit LoadMeter(fs::path system = "/proc") : system_(std::move(system)) {}

  // Without GPUs. What cannot be read is left out.
  MachineLoad Look();

 private:
  struct CpuTime {
    double busy = 0, all = 0;  // in ticks since the machine's start, of all cores
  };

  fs::path system_;
  std::optional<CpuTime> before_;
};

}  // namespace upcycle
