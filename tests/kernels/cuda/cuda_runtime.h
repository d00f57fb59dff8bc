// The part of CUDA's runtime that kernels/cuda uses, on the host: found in place of the toolkit's
// header when the kernels are compiled as C++. Device memory is the host's, streams do everything
// at once (streams.h), and a launch returns when the kernel has run (block_runner.h).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "tests/kernels/cuda/block_runner.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

// --- host
// ------------------------------------------------------------------------------------------

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorIllegalState = 401,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
};
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
inline constexpr unsigned int cudaStreamNonBlocking = 1;
inline constexpr unsigned int cudaEventDisableTiming = 2;
#define CUDART_VERSION 13000

struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
using cudaStream_t = CUstream_st*;
using cudaEvent_t = CUevent_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major;
  int minor;
  int multiProcessorCount;
};

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  void* attrs;
  unsigned int numAttrs;
};

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaDeviceReset();
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaMemGetInfo(size_t* free, size_t* total);
cudaError_t cudaMalloc(void** memory, size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags = 0);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);

template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute, int bytes) {
  return bytes <= 227 << 10 ? cudaSuccess : cudaErrorInvalidValue;
}

namespace upcycle::shim {

// Runs a kernel after checking what a GPU would: sizes of grid and block, shared memory.
cudaError_t Launch(const cudaLaunchConfig_t& config, std::function<void()> thread);

}  // namespace upcycle::shim

template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  return upcycle::shim::Launch(*config, [kernel, ... copies = arguments] { kernel(copies...); });
}

// --- device
// ----------------------------------------------------------------------------------------

using upcycle::shim::DynamicShared;
using Where = std::source_location;

struct alignas(16) uint4 {
  unsigned int x, y, z, w;
};

inline void __syncthreads(const Where& where = Where::current()) {
  upcycle::shim::WaitForBlock(where);
}

inline void __syncwarp(unsigned int mask = 0xffffffff, const Where& where = Where::current()) {
  upcycle::shim::ExchangeInWarp(upcycle::shim::Exchange::kWait, mask, 0, 0, where);
}

inline unsigned int __ballot_sync(unsigned int mask, int vote,
                                  const Where& where = Where::current()) {
  return static_cast<unsigned int>(upcycle::shim::ExchangeInWarp(
      upcycle::shim::Exchange::kVote, mask, vote != 0 ? 1 : 0, 0, where));
}

template <typename T>
T __shfl_sync(unsigned int mask, T value, int lane, int = 32,
              const Where& where = Where::current()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  return std::bit_cast<T>(static_cast<Bits>(upcycle::shim::ExchangeInWarp(
      upcycle::shim::Exchange::kExchange, mask, std::bit_cast<Bits>(value), lane & 31, where)));
}

template <typename T>
T __shfl_xor_sync(unsigned int mask, T value, int lanes, int = 32,
                  const Where& where = Where::current()) {
  return __shfl_sync(mask, value, upcycle::shim::Lane() ^ lanes, 32, where);
}

// A lane without a lane below gets its own value.
template <typename T>
T __shfl_up_sync(unsigned int mask, T value, unsigned int lanes, int = 32,
                 const Where& where = Where::current()) {
  const int lane = upcycle::shim::Lane(), from = lane - static_cast<int>(lanes);
  return __shfl_sync(mask, value, from < 0 ? lane : from, 32, where);
}

// Products and sums that the GPU's compiler does not fuse; this one fuses none.
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }

inline int __popc(unsigned int x) { return std::popcount(x); }

// Threads run one at a time.
template <typename T>
T atomicAdd(T* to, T value) {
  const T before = *to;
  *to += value;
  return before;
}
