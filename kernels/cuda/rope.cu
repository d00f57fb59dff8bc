#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// One block a token: the pairs (i, i + half) of its query and key heads of `head_width`.
template <typename T>
__global__ void RotateKernel(T* qkv, const float* cosines, const float* sines, const int* starts,
                             int64_t length, int pairs, int half, int head_width, int64_t width,
                             float sign) {
  const int64_t token = blockIdx.x;
  const int64_t position = token % length - (starts == nullptr ? 0 : starts[token]);
  const int64_t angles = position * half;
  for (int pair = static_cast<int>(threadIdx.x); pair < pairs; pair += blockDim.x) {
    const int i = pair % half;
    T* first = qkv + token * width + pair / half * head_width + i;
    const float cosine = cosines[angles + i], sine = sign * sines[angles + i];
    const float a = ToFloat(first[0]), b = ToFloat(first[half]);
    first[0] = FromFloat<T>(a * cosine - b * sine);
    first[half] = FromFloat<T>(b * cosine + a * sine);
  }
}

}  // namespace

void CudaBackend::DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                         const AttentionShape& shape, ConstTensor starts, bool backward) {
  const int64_t half = cosines.dim(1), pairs = (shape.heads + shape.kv_heads) * half;
  WithElement(qkv.type(), [&](auto element) {
    using T = decltype(element);
    Launch(RotateKernel<T>, Grid(shape.tokens()), RowThreads(pairs, 1), 0, stream_,
           Elements<T>(qkv), cosines.floats(), sines.floats(),
           starts.empty() ? nullptr : starts.ints(), shape.length, pairs, half, shape.head_width,
           shape.fused_width(), backward ? -1.0f : 1.0f);
  });
}

}  // namespace upcycle
