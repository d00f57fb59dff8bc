#include "experiments/run/device.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

// The number of the GPU that `device` names; nothing where it means the CPU.
std::optional<int> GpuOf(std::string_view device) {
  constexpr std::string_view kNumbered = "cuda:";
  if (device == "cpu" || (device == "auto" && CudaDeviceCount() == 0)) return std::nullopt;
  int number = 0;
  if (device.starts_with(kNumbered)) {
    std::from_chars(device.data() + kNumbered.size(), device.data() + device.size(), number);
  }
  return number;
}

}  // namespace

void RequireDevice(std::string_view device) {
  const std::optional<int> gpu = GpuOf(device);
  const int count = CudaDeviceCount();
  if (!gpu || *gpu < count) return;
  throw Error(Cause::kInput,
              count == 0 ? fmt::format("the device {} is asked for (execution.device, --device), "
                                       "and there is no GPU: `upcycle doctor` says why; "
                                       "use auto or cpu",
                                       device)
                         : fmt::format("the device {} is asked for (execution.device, --device), "
                                       "and the GPUs here are cuda:0 to cuda:{}",
                                       device, count - 1));
}

bool IsGpu(std::string_view device) { return GpuOf(device).has_value(); }

DataType ActivationTypeOn(std::string_view device, Precision precision) {
  const bool narrow = IsGpu(device) && precision == Precision::kBFloat16;
  return narrow ? DataType::kBFloat16 : DataType::kFloat32;
}

std::unique_ptr<Backend> MakeBackend(std::string_view device, Precision precision, int threads) {
  RequireDevice(device);
  const std::optional<int> gpu = GpuOf(device);
  if (!gpu) return MakeCpuBackend(threads);
  return MakeCudaBackend(*gpu, ActivationTypeOn(device, precision));
}

}  // namespace upcycle
