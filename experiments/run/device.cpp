#include "experiments/run/device.h"

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {

void RequireDevice(std::string_view device) {
  if (device == "auto" || device == "cpu") return;
  throw Error(Cause::kInput,
              fmt::format("the recipe asks for execution.device={}, and this build has no CUDA "
                          "backend; use auto or cpu",
                          device));
}

std::unique_ptr<Backend> MakeBackend(std::string_view device, int threads) {
  RequireDevice(device);
  return MakeCpuBackend(threads);
}

}  // namespace upcycle
