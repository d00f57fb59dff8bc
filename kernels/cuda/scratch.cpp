#include "kernels/cuda/scratch.h"

#include "kernels/cuda/errors.h"

namespace upcycle {

DeviceScratch::~DeviceScratch() { cudaFree(memory_); }

void* DeviceScratch::Reserve(int64_t bytes) {
  if (bytes <= bytes_) return memory_;
  CheckCuda(cudaStreamSynchronize(stream_), "finish earlier work");
  cudaFree(memory_);
  memory_ = nullptr;
  bytes_ = 0;
  ++growths_;
  if (cudaMalloc(&memory_, static_cast<size_t>(bytes)) != cudaSuccess) {
    cudaGetLastError();
    throw DeviceMemoryError(bytes);
  }
  bytes_ = bytes;
  return memory_;
}

}  // namespace upcycle
