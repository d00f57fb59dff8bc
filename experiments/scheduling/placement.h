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
  // on every GPU that it may take; an idle one takes anything, and the stage itself then says that
  // it does not fit. "cuda" is any GPU.
  std::optional<std::string> Place(const Fingerprint& stage, const std::string& asked,
                                   int64_t bytes);
  // The stage has ended.
  void Release(const Fingerprint& stage);

 private:
  struct Device {
    int64_t room_bytes;
    int stages = 0;
  };
  struct Held {
    int gpu;
    int64_t bytes;
  };
  std::map<int, Device> devices_;
  std::map<Fingerprint, Held> held_;
};

}  // namespace upcycle
