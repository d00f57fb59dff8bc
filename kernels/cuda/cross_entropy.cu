// Softmax cross-entropy, and its gradient in place of the logits. One block a token.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// The largest logit so far and Σ exp(logit - largest).
struct RunningSoftmax {
  float largest;
  float sum;
};

// What exponents are relative to: before any number was seen, nothing.
__device__ __forceinline__ float Reference(float largest) {
  return largest == -kInfinity ? 0 : largest;
}

// Over one row, the same in every thread.
template <typename T, int N>
__device__ RunningSoftmax SoftmaxOfRow(const T* logits, int64_t vocabulary) {
  RunningSoftmax own = {-kInfinity, 0};
  for (int64_t i = int64_t{threadIdx.x} * N; i < vocabulary; i += int64_t{blockDim.x} * N) {
    const auto pack = *reinterpret_cast<const Pack<T, N>*>(logits + i);
    float largest = own.largest;
    for (int j = 0; j < N; ++j) largest = fmaxf(largest, ToFloat(pack.values[j]));
    const float reference = Reference(largest);
    own.sum *= expf(own.largest - reference);
    for (int j = 0; j < N; ++j) own.sum += expf(ToFloat(pack.values[j]) - reference);
    own.largest = largest;
  }
  const float largest = OverBlock(own.largest, -kInfinity, Larger());
  const float sum = SumOverBlock(own.sum * expf(own.largest - Reference(largest)));
  return {largest, sum};
}

// Logits become their gradients where `gradient` says so; logits and d_logits are the same memory.
template <typename T, int N>
__global__ void CrossEntropyKernel(float* losses, T* d_logits, const T* logits,
                                   const int32_t* targets, int64_t vocabulary, float scale,
                                   int32_t* fault) {
  const int64_t row = blockIdx.x;
  const int32_t target = targets[row];
  if (target < -1 || target >= vocabulary) {
    *fault = static_cast<int32_t>(DeviceFault::kToken);
    return;
  }
  const T* values = logits + row * vocabulary;
  const float target_logit = target < 0 ? 0 : ToFloat(values[target]);
  RunningSoftmax softmax = {0, 1};
  if (target >= 0) softmax = SoftmaxOfRow<T, N>(values, vocabulary);
  if (threadIdx.x == 0) {
    losses[row] = target < 0 ? 0 : logf(softmax.sum) - (target_logit - softmax.largest);
  }
  if (d_logits == nullptr) return;
  // Every thread has read the target's logit before one of them writes there.
  __syncthreads();
  const float factor = scale / softmax.sum;
  for (int64_t i = int64_t{threadIdx.x} * N; i < vocabulary; i += int64_t{blockDim.x} * N) {
    auto* at = reinterpret_cast<Pack<T, N>*>(d_logits + row * vocabulary + i);
    Pack<T, N> pack = *at;
    for (int j = 0; j < N; ++j) {
      const float e = target < 0 ? 0 : expf(ToFloat(pack.values[j]) - softmax.largest);
      pack.values[j] = FromFloat<T>(factor * e - (i + j == target ? scale : 0));
    }
    *at = pack;
  }
}

}  // namespace

void CudaBackend::DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits,
                                 ConstTensor targets, double scale) {
  const int64_t vocabulary = logits.dim(1);
  WithPacks(logits.type(), vocabulary, {logits, d_logits}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(CrossEntropyKernel<T, kPack>, Grid(logits.dim(0)), RowThreads(vocabulary, kPack), 0,
           stream_, losses.floats(), d_logits.empty() ? nullptr : Elements<T>(d_logits),
           Elements<T>(logits), targets.ints(), vocabulary, static_cast<float>(scale), fault_);
  });
}

}  // namespace upcycle
