// How evenly tokens are spread over experts.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.h"

namespace upcycle {
namespace {

// One block a span. Whole numbers, so the order of the additions does not matter.
__global__ void CountKernel(int32_t* counts, const int32_t* expert, int64_t assignments,
                            int experts, int32_t* fault) {
  auto* count = reinterpret_cast<int32_t*>(DynamicShared());
  const int64_t span = blockIdx.x;
  for (int e = static_cast<int>(threadIdx.x); e < experts; e += blockDim.x) count[e] = 0;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < assignments; i += blockDim.x) {
    const int32_t e = expert[span * assignments + i];
    if (e < 0 || e >= experts) {
      *fault = static_cast<int32_t>(DeviceFault::kExpert);
    } else {
      atomicAdd(&count[e], 1);
    }
  }
  __syncthreads();
  for (int e = static_cast<int>(threadIdx.x); e < experts; e += blockDim.x) {
    counts[span * experts + e] = count[e];
  }
}

__global__ void GradientKernel(float* gradient, const int32_t* counts, int64_t size,
                               double factor) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < size) gradient[i] = static_cast<float>(factor * counts[i]);
}

// gradient[s, e] · p[t, e] of the i-th probability
struct LossTerm {
  const float* gradient;
  const float* probabilities;
  int64_t experts;
  int64_t span;

  __device__ double operator()(int64_t i) const {
    const int64_t token = i / experts;
    return static_cast<double>(gradient[token / span * experts + i % experts]) * probabilities[i];
  }
};

}  // namespace

void CudaBackend::DoCountAssignments(Tensor counts, ConstTensor expert) {
  constexpr int kThreads = 1024;
  const int64_t spans = counts.dim(0), experts = counts.dim(1);
  Launch(CountKernel, Grid(spans), kThreads, static_cast<size_t>(experts) * sizeof(int32_t),
         stream_, counts.ints(), expert.ints(), expert.size() / spans, experts, fault_);
}

void CudaBackend::DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities,
                                ConstTensor counts, double factor) {
  constexpr int kThreads = 256;
  const int64_t experts = counts.dim(1);
  Launch(GradientKernel, Grid(CeilDiv(counts.size(), kThreads)), kThreads, 0, stream_,
         gradient.floats(), counts.ints(), counts.size(), factor);
  const LossTerm term = {gradient.floats(), probabilities.floats(), experts,
                         probabilities.dim(0) / counts.dim(0)};
  Reduce(loss.floats(), term, Scaled{1}, probabilities.size(), scratch_, stream_);
}

}  // namespace upcycle
