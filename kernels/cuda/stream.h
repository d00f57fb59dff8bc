// Streams and events that end with their objects.
#pragma once

#include <cuda_runtime.h>

namespace upcycle {

class CudaStream {
 public:
  CudaStream();
  ~CudaStream();
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t handle() const { return handle_; }

 private:
  cudaStream_t handle_ = nullptr;
};

// A point in a stream's work, without a time.
class CudaEvent {
 public:
  CudaEvent();
  ~CudaEvent();
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  // This point is where `stream` has got to so far.
  void Record(cudaStream_t stream);
  // What `stream` is given from now on waits for this point.
  void HoldBack(cudaStream_t stream) const;
  // The host waits.
  void Await() const;

 private:
  cudaEvent_t handle_ = nullptr;
};

}  // namespace upcycle
