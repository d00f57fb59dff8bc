// Device memory for what an op needs in between.
#pragma once

#include <cstdint>

#include <cuda_runtime.h>

namespace upcycle {

class DeviceScratch {
 public:
  explicit DeviceScratch(cudaStream_t stream) : stream_(stream) {}
  ~DeviceScratch();
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;

  // `bytes` that are this op's until the next call. Allocates only when more than ever before is
  // asked for, and waits for the device then.
  void* Reserve(int64_t bytes);
  // How often memory handed out before was freed for more.
  int64_t growths() const { return growths_; }
  template <typename T>
  T* ReserveArray(int64_t count) {
    return static_cast<T*>(Reserve(count * static_cast<int64_t>(sizeof(T))));
  }

 private:
  cudaStream_t stream_;
  void* memory_ = nullptr;
  int64_t bytes_ = 0;
  int64_t growths_ = 0;
};

}  // namespace upcycle
