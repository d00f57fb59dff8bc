// The one way to start a kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cuda_runtime.h>

#include "core/check.h"
#include "kernels/cuda/errors.h"

namespace upcycle {

// `count` pieces of `piece` that cover a whole.
constexpr int64_t CeilDiv(int64_t whole, int64_t piece) { return (whole + piece - 1) / piece; }

// A grid of x · y · z blocks.
inline dim3 Grid(int64_t x, int64_t y = 1, int64_t z = 1) {
  constexpr int64_t kMostX = 0x7fffffff, kMostOthers = 65535;
  UPCYCLE_CHECK(x >= 0 && x <= kMostX && y >= 0 && y <= kMostOthers && z >= 0 && z <= kMostOthers);
  return dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
}

// kernel<<<grid, block, shared_bytes, stream>>>(arguments...); an empty grid is nothing to do.
// Blocks may ask for all of the shared memory that a multiprocessor has.
template <typename... Parameters, typename... Arguments>
void Launch(void (*kernel)(Parameters...), dim3 grid, int block, size_t shared_bytes,
            cudaStream_t stream, Arguments... arguments) {
  constexpr size_t kUnasked = 48 << 10;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (shared_bytes > kUnasked) {
    CheckCuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(shared_bytes)),
              "reserve shared memory");
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = dim3(static_cast<unsigned>(block));
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  CheckCuda(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
            "start a kernel");
}

}  // namespace upcycle
