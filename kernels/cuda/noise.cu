// Noise on what a router reads and says, as kernels/counter_bits.h lays it down.
#include "kernels/counter_bits.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

constexpr int kThreads = 256;

__device__ __forceinline__ CounterKey KeyOf(const int32_t* key) {
  return {static_cast<uint32_t>(key[0]), static_cast<uint32_t>(key[1])};
}

// log(1 + exp(x)), without overflow.
__device__ __forceinline__ float Softplus(float x) {
  return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

__global__ void JitterKernel(float* x, const int32_t* key, float amplitude, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) x[i] *= JitterOf(KeyOf(key), static_cast<uint64_t>(i), amplitude);
}

__global__ void NoiseKernel(float* logits, const float* spread, const int32_t* key, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) logits[i] += NormalOf(KeyOf(key), static_cast<uint64_t>(i)) * Softplus(spread[i]);
}

__global__ void NoiseBackwardKernel(float* spread, const float* d_logits, const int32_t* key,
                                    int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float sigmoid = 1 / (1 + expf(-spread[i]));
  spread[i] = d_logits[i] * NormalOf(KeyOf(key), static_cast<uint64_t>(i)) * sigmoid;
}

}  // namespace

void CudaBackend::DoJitter(Tensor x, ConstTensor key, double amplitude) {
  Launch(JitterKernel, Grid(CeilDiv(x.size(), kThreads)), kThreads, 0, stream_, x.floats(),
         key.ints(), amplitude, x.size());
}

void CudaBackend::DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) {
  Launch(NoiseKernel, Grid(CeilDiv(logits.size(), kThreads)), kThreads, 0, stream_, logits.floats(),
         spread.floats(), key.ints(), logits.size());
}

void CudaBackend::DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) {
  Launch(NoiseBackwardKernel, Grid(CeilDiv(spread.size(), kThreads)), kThreads, 0, stream_,
         spread.floats(), d_logits.floats(), key.ints(), spread.size());
}

}  // namespace upcycle
