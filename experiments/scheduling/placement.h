// Which GPU a stage computes on, where several stages share one and several GPUs are there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fingerprint.h"
#include "kernels/gpus.h"

namespace upcycle {

// What a stage takes of a GPU beside its planned buffers: an allowance for the driver's context and
// the kernels' code, and what the backend has.
inline constexpr int64_t kGpuContextBytes = (int64_t{640} << 20) + kCudaBackendBytes;

// Whether a stage that asks for `device` (auto, cpu, cuda, cuda:N) can ever be placed with these
// GPUs.
bool CanPlace(const std::vector<Gpu>& gpus, const std::string& device);

class Placement {
 public:
  // The GPUs with what was free on them before this study began; what others hold is left alone.
  explicit Placement(const std::vector<Gpu>& gpus);

  // The device of a stage that asks for `asked`, which CanPlace, and has `bytes` of planned
  // buffers: "cpu", or the GPU with the most room. Nothing while what runs there leaves too little
  // on every GPU that it may take. An idle one takes anything that is more than all of its memory,
  // and the stage itself then says that it does not fit; one that others use is left alone. "cuda"
  // is any GPU.
  std::optional<std::string> Place(const Fingerprint& stage, const std::string& asked,
                                   int64_t bytes);
  // Why such a stage waits although a GPU has nothing of ours on it: what it needs would fit, and
  // other programs hold too much of it. Empty where that is not why.
  std::string WhyOthersCrowdOut(const std::string& asked, int64_t bytes) const;
  // What is free now, of GPUs that no stage is on.
  void Renew(const std::vector<Gpu>& gpus);
  // The stage has ended.
  void Release(const Fingerprint& stage);

 private:
  struct Device {
    int64_t room_bytes;
    int64_t memory_bytes;
    int stages = 0;
    bool IsCrowdedFor(int64_t bytes) const {
      return stages == 0 && room_bytes < bytes && bytes <= memory_bytes;
    }
  };
  struct Held {
    int gpu;
    int64_t bytes;
  };
  std::map<int, Device> devices_;
  std::map<Fingerprint, Held> held_;
};

}  // namespace upcycle
