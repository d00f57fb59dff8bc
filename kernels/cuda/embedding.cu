#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// A token outside the table is reported, and reads nothing.
template <typename T>
__global__ void ForwardKernel(T* out, const T* table, const int32_t* tokens, int64_t vocabulary,
                              int64_t width, int32_t* fault) {
  const int64_t row = blockIdx.x;
  const int32_t token = tokens[row];
  if (token < 0 || token >= vocabulary) {
    *fault = static_cast<int32_t>(DeviceFault::kToken);
    return;
  }
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    out[row * width + i] = table[token * width + i];
  }
}

constexpr int kThreads = 128;

// Two positions may share a row of the table. The block of a token's first position adds what all
// of its positions have, in their order; the others have nothing to do.
template <typename T>
__global__ void BackwardKernel(float* d_table, const T* d_out, const int32_t* tokens,
                               int64_t positions, int64_t vocabulary, int64_t width,
                               int32_t* fault) {
  __shared__ int64_t same[kThreads];
  const int64_t first = blockIdx.x;
  const int thread = static_cast<int>(threadIdx.x);
  const int32_t token = tokens[first];
  const bool outside = token < 0 || token >= vocabulary;
  if (outside && thread == 0) *fault = static_cast<int32_t>(DeviceFault::kToken);

  // 1. Leave if an earlier position has the same token.
  int earlier = outside ? 1 : 0;
  for (int64_t t = thread; t < first; t += kThreads) earlier |= tokens[t] == token ? 1 : 0;
  if (SumOverBlock(earlier) > 0) return;

  // 2. Find the token's positions, 128 at a time, and add their gradients of this block's columns.
  const int64_t column = int64_t{blockIdx.y} * kThreads + thread;
  float sum = 0;
  for (int64_t begin = first; begin < positions; begin += kThreads) {
    const int64_t t = begin + thread;
    const int found = t < positions && tokens[t] == token ? 1 : 0;
    int count = 0;
    const int place = SumBefore(found, &count);
    if (found) same[place] = t;
    __syncthreads();
    for (int i = 0; i < count && column < width; ++i) {
      sum += ToFloat(d_out[same[i] * width + column]);
    }
    __syncthreads();
  }
  if (column < width) d_table[token * width + column] += sum;
}

}  // namespace

void CudaBackend::DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) {
  const int64_t width = table.dim(1);
  WithElement(out.type(), [&](auto element) {
    using T = decltype(element);
    Launch(ForwardKernel<T>, Grid(tokens.dim(0)), RowThreads(width, 1), 0, stream_,
           Elements<T>(out), Elements<T>(table), tokens.ints(), table.dim(0), width, fault_);
  });
}

void CudaBackend::DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) {
  const int64_t positions = tokens.dim(0), width = d_table.dim(1);
  WithElement(d_out.type(), [&](auto element) {
    using T = decltype(element);
    Launch(BackwardKernel<T>, Grid(positions, CeilDiv(width, kThreads)), kThreads, 0, stream_,
           d_table.floats(), Elements<T>(d_out), tokens.ints(), positions, d_table.dim(0), width,
           fault_);
  });
}

}  // namespace upcycle
