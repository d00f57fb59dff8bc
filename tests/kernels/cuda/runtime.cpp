// The host's stand-in for CUDA's runtime.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <set>

#include "tests/kernels/cuda/cuda_runtime.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/cuda/streams.h"

namespace upcycle::shim {
namespace {

constexpr size_t kDeviceBytes = size_t{8} << 30;
constexpr unsigned kMostThreads = 1024;
constexpr size_t kMostSharedBytes = 227 << 10;

int64_t allocations = 0;

// Sizes of what is allocated on the device.
std::map<void*, int64_t>& Allocated() {
  static std::map<void*, int64_t> sizes;
  return sizes;
}

// Where pinned memory begins; nothing reads it from its middle.
std::set<const void*>& Pinned() {
  static std::set<const void*> pinned;
  return pinned;
}

}  // namespace

int64_t DeviceAllocations() { return allocations; }

int64_t DeviceBytes() {
  int64_t bytes = 0;
  for (const auto& [memory, size] : Allocated()) bytes += size;
  return bytes;
}

cudaError_t Launch(const cudaLaunchConfig_t& config, std::function<void()> thread) {
  const dim3& grid = config.gridDim;
  const dim3& block = config.blockDim;
  const bool fits = grid.x > 0 && grid.x <= 0x7fffffff && grid.y > 0 && grid.y <= 65535 &&
                    grid.z > 0 && grid.z <= 65535 && block.x > 0 && block.y > 0 && block.z > 0 &&
                    block.x * block.y * block.z <= kMostThreads &&
                    config.dynamicSmemBytes <= kMostSharedBytes;
  if (!fits) return cudaErrorInvalidValue;
  return Give(config.stream, [grid, block, bytes = config.dynamicSmemBytes, thread] {
    try {
      RunKernel(grid, block, bytes, thread);
    } catch (const KernelFault& fault) {
      std::fprintf(stderr, "kernel fault: %s\n", fault.what());
      return cudaErrorLaunchFailure;
    }
    return cudaSuccess;
  });
}

}  // namespace upcycle::shim

using upcycle::shim::allocations;

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    default:
      return "invalid argument";
  }
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() { return cudaSuccess; }

cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {.name = "host stand-in",
                 .totalGlobalMem = upcycle::shim::kDeviceBytes,
                 .major = 9,
                 .minor = 0,
                 .multiProcessorCount = 2};
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = upcycle::shim::kDeviceBytes;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  const cudaError_t refused = upcycle::shim::RefuseInCapture();
  if (refused != cudaSuccess) return refused;
  if (bytes > upcycle::shim::kDeviceBytes) return cudaErrorMemoryAllocation;
  ++allocations;
  constexpr size_t kAlignment = 256;
  *memory = ::operator new(bytes, std::align_val_t(kAlignment));
  std::memset(*memory, 0xff, bytes);
  upcycle::shim::Allocated()[*memory] = static_cast<int64_t>(bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  const cudaError_t refused = upcycle::shim::RefuseInCapture();
  if (refused != cudaSuccess) return refused;
  constexpr size_t kAlignment = 256;
  upcycle::shim::Allocated().erase(memory);
  ::operator delete(memory, std::align_val_t(kAlignment));
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  const cudaError_t status = cudaMalloc(memory, bytes);
  if (status != cudaSuccess) return status;
  upcycle::shim::Allocated().erase(*memory);
  upcycle::shim::Pinned().insert(*memory);
  return status;
}

cudaError_t cudaFreeHost(void* memory) {
  const cudaError_t refused = upcycle::shim::RefuseInCapture();
  if (refused != cudaSuccess) return refused;
  upcycle::shim::Pinned().erase(memory);
  return cudaFree(memory);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const void* host = kind == cudaMemcpyHostToDevice ? from : to;
  if (kind != cudaMemcpyDeviceToDevice && upcycle::shim::IsCaptured(stream) &&
      upcycle::shim::Pinned().count(host) == 0) {
    return upcycle::shim::RefuseInCapture();
  }
  return upcycle::shim::Give(stream, [=] {
    if (bytes > 0) std::memcpy(to, from, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  return upcycle::shim::Give(stream, [=] {
    if (bytes > 0) std::memset(memory, value, bytes);
    return cudaSuccess;
  });
}
