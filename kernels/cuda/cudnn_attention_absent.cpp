// A build without cuDNN: own kernels do everything.
#include "kernels/cuda/cudnn_attention.h"

namespace upcycle {

class CudnnAttention::Plans {};

std::string CudnnAttention::Version() { return ""; }

CudnnAttention::CudnnAttention(cudaStream_t, DeviceScratch&) {}

CudnnAttention::~CudnnAttention() = default;

bool CudnnAttention::Forward(Tensor, Tensor, ConstTensor, const AttentionShape&) { return false; }

bool CudnnAttention::Backward(Tensor, ConstTensor, ConstTensor, ConstTensor, ConstTensor,
                              const AttentionShape&) {
  return false;
}

GpuLibrary SurveyCudnn() {
  return {.name = "cuDNN",
          .works = false,
          .found = "not in this build: attention runs by the program's own kernels",
          .advice =
              "for its faster attention in bfloat16, build where cuDNN's headers and "
              "cudnn-frontend's are (UPCYCLE_CUDNN_FRONTEND)"};
}

}  // namespace upcycle
