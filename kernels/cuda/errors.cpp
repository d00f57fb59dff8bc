#include "kernels/cuda/errors.h"

#include <fmt/format.h>

namespace upcycle {
namespace {

double MebibytesOf(size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

void CheckCuda(cudaError_t status, const char* action) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next call would report it again
  if (status == cudaErrorMemoryAllocation) {
    throw Error(Cause::kDeviceMemory,
                fmt::format("cannot {}: the GPU has no memory left; use a smaller micro-batch or "
                            "model, or run fewer workers on it",
                            action));
  }
  throw Error(Cause::kDevice,
              fmt::format("cannot {} on the GPU: {}", action, cudaGetErrorString(status)));
}

Error DeviceMemoryError(int64_t bytes) {
  size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) cudaGetLastError();
  return {
      Cause::kDeviceMemory,
      fmt::format("cannot allocate {:.1f} MiB on the GPU, which has {:.1f} of {:.1f} MiB free; "
                  "use a smaller micro-batch or model, or run fewer workers on it",
                  MebibytesOf(static_cast<size_t>(bytes)), MebibytesOf(free), MebibytesOf(total))};
}

}  // namespace upcycle
