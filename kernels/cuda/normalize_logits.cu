// A token's logits, each less their mean over their standard deviation. One warp a token.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing.h"

namespace upcycle {
namespace {

constexpr int kWarps = 4;  // of a block

// Σ term(e) over the experts, the same in every lane.
template <typename Term>
__device__ __forceinline__ float SumOverExperts(int experts, const Term& term) {
  float sum = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) sum += term(e);
  return OverWarp(sum, Plus());
}

__global__ void ForwardKernel(float* logits, float* rstd, float scale, int64_t tokens,
                              int experts) {
  const int64_t token = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (token >= tokens) return;
  float* row = logits + token * experts;
  const float mean = SumOverExperts(experts, [=](int e) { return row[e]; }) / experts;
  const float squares =
      SumOverExperts(experts, [=](int e) { return (row[e] - mean) * (row[e] - mean); });
  const float r = 1 / sqrtf(squares / experts + static_cast<float>(kLogitsEpsilon));
  __syncwarp();
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) row[e] = scale * r * (row[e] - mean);
  if (LaneOf(threadIdx.x) == 0) rstd[token] = r;
}

// With z the normalised logits before `scale`: scale · rstd · (d - mean(d) - z · mean(d · z)).
__global__ void BackwardKernel(float* d_logits, const float* logits, const float* rstd, float scale,
                               int64_t tokens, int experts) {
  const int64_t token = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (token >= tokens) return;
  float* d = d_logits + token * experts;
  const float* row = logits + token * experts;
  const float mean = SumOverExperts(experts, [=](int e) { return d[e]; }) / experts;
  const float dot = SumOverExperts(experts, [=](int e) { return d[e] * row[e] / scale; }) / experts;
  __syncwarp();
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    d[e] = scale * rstd[token] * (d[e] - mean - row[e] / scale * dot);
  }
}

}  // namespace

void CudaBackend::DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) {
  const int64_t tokens = logits.dim(0);
  Launch(ForwardKernel, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_, logits.floats(),
         rstd.floats(), scale, tokens, logits.dim(1));
}

void CudaBackend::DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                            double scale) {
  const int64_t tokens = logits.dim(0);
  Launch(BackwardKernel, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_,
         d_logits.floats(), logits.floats(), rstd.floats(), scale, tokens, logits.dim(1));
}

}  // namespace upcycle
