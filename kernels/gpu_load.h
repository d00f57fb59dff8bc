// How busy NVIDIA's GPUs are, as the driver's management library (NVML) tells: without a context on
// any of them, so that looking takes no memory and disturbs nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/machine_load.h"

namespace upcycle {

class GpuLoadMeter {
 public:
  // The library comes with the driver; where it is not there, there are no GPUs to look at.
  explicit GpuLoadMeter(const std::string& library = "libnvidia-ml.so.1");
  ~GpuLoadMeter();

  // All GPUs of the machine, whatever CUDA_VISIBLE_DEVICES says. One that does not answer is left
  // out.
  std::vector<GpuLoad> Look();

 private:
  struct Library;
  std::unique_ptr<Library> library_;  // empty: none
};

}  // namespace upcycle
