// Attention by cuDNN's fused kernels: bfloat16, causal, several query heads to a key head. The
// gradients are asked of its deterministic algorithm.
#pragma once

#include <memory>
#include <string>

#include <cuda_runtime.h>

#include "kernels/backend.h"
#include "kernels/cuda/scratch.h"
#include "kernels/gpus.h"

namespace upcycle {

class CudnnAttention {
 public:
  // What this process found, as "9.19.0"; empty where this build or this machine has no cuDNN. The
  // first call loads it.
  static std::string Version();

  // Only where there is a version. Works on the stream, with workspace from the scratch memory.
  CudnnAttention(cudaStream_t stream, DeviceScratch& scratch);
  ~CudnnAttention();
  CudnnAttention(const CudnnAttention&) = delete;
  CudnnAttention& operator=(const CudnnAttention&) = delete;

  // As Backend::AttentionForward and AttentionBackward. False where cuDNN has no plan for this
  // shape, which is said once on stderr, and nothing is done then; the answer for a shape stays the
  // same. A shape's first call makes its plan, and must not be captured. Throws Error(kDevice)
  // where a plan fails.
  bool Forward(Tensor out, Tensor log_sum_exp, ConstTensor qkv, const AttentionShape& shape);
  bool Backward(Tensor d_qkv, ConstTensor d_out, ConstTensor out, ConstTensor log_sum_exp,
                ConstTensor qkv, const AttentionShape& shape);

 private:
  class Plans;
  std::unique_ptr<Plans> plans_;
};

// What Version() found, for people.
GpuLibrary SurveyCudnn();

}  // namespace upcycle
