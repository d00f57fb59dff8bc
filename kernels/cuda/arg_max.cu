// Where rows are largest. One block a row.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

struct Smaller {
  __device__ int64_t operator()(int64_t a, int64_t b) const { return a < b ? a : b; }
};

template <typename T>
__global__ void ArgMaxKernel(int32_t* columns, const T* logits, int64_t width) {
  const T* row = logits + blockIdx.x * width;
  float own = -kInfinity;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) own = fmaxf(own, ToFloat(row[i]));
  const float largest = OverBlock(own, -kInfinity, Larger());
  int64_t first = width;
  for (int64_t i = threadIdx.x; i < width && first == width; i += blockDim.x) {
    if (ToFloat(row[i]) == largest) first = i;
  }
  first = OverBlock(first, width, Smaller());
  // A row of NaNs has no largest element.
  if (threadIdx.x == 0) columns[blockIdx.x] = static_cast<int32_t>(first < width ? first : 0);
}

}  // namespace

void CudaBackend::DoArgMax(Tensor columns, ConstTensor logits) {
  const int64_t width = logits.dim(1);
  WithElement(logits.type(), [&](auto element) {
    using T = decltype(element);
    Launch(ArgMaxKernel<T>, Grid(logits.dim(0)), RowThreads(width, 1), 0, stream_, columns.ints(),
           Elements<T>(logits), width);
  });
}

}  // namespace upcycle
