// Streams beside the backend's own, for products that may run at once.
#pragma once

#include <array>

#include <cuda_runtime.h>

#include "kernels/cuda/stream.h"
#include "kernels/cuda/workspace.h"
#include "kernels/gpus.h"

namespace upcycle {

class SideStreams {
 public:
  static constexpr int kCount = 4;
  static_assert(kCount * ProductWorkspace::kBytes == kCudaStreamsBytes);

  // Work given to the streams from now on comes after all that `stream` was given so far.
  void ForkFrom(cudaStream_t stream);
  // Work given to `stream` from now on comes after all that the streams were given so far.
  void JoinInto(cudaStream_t stream);

  cudaStream_t stream(int i) const { return sides_[static_cast<size_t>(i)].stream.handle(); }
  const ProductWorkspace& workspace(int i) const {
    return sides_[static_cast<size_t>(i)].workspace;
  }

 private:
  struct Side {
    ProductWorkspace workspace;
    CudaStream stream;
    CudaEvent done;
  };

  CudaEvent fork_;
  std::array<Side, kCount> sides_;
};

}  // namespace upcycle
