#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

template <typename T, int N>
__global__ void AddBiasKernel(T* out, const T* bias, int64_t width) {
  const int64_t i = (int64_t{blockIdx.y} * blockDim.x + threadIdx.x) * N;
  if (i >= width) return;
  auto* at = reinterpret_cast<Pack<T, N>*>(out + int64_t{blockIdx.x} * width + i);
  const auto added = *reinterpret_cast<const Pack<T, N>*>(bias + i);
  Pack<T, N> sum = *at;
  for (int j = 0; j < N; ++j) {
    sum.values[j] = FromFloat<T>(ToFloat(sum.values[j]) + ToFloat(added.values[j]));
  }
  *at = sum;
}

template <typename T>
struct BiasTerm {
  static constexpr int kSums = 1;
  const T* d_out;
  int64_t width;

  __device__ void Add(float* sums, int64_t row, int64_t column) const {
    sums[0] += ToFloat(d_out[row * width + column]);
  }
};

}  // namespace

void CudaBackend::DoAddBias(Tensor out, ConstTensor bias) {
  const int64_t rows = out.dim(0), width = out.dim(1);
  WithPacks(out.type(), width, {out, bias}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    const int threads = RowThreads(width, kPack);
    Launch(AddBiasKernel<T, kPack>, Grid(rows, CeilDiv(width, int64_t{threads} * kPack)), threads,
           0, stream_, Elements<T>(out), Elements<T>(bias), width);
  });
}

void CudaBackend::DoBiasBackward(Tensor d_bias, ConstTensor d_out) {
  const int64_t rows = d_out.dim(0), width = d_out.dim(1);
  WithElement(d_out.type(), [&](auto element) {
    using T = decltype(element);
    const BiasTerm<T> term = {Elements<T>(d_out), width};
    AddColumnSums({{d_bias.floats()}}, term, rows, width, scratch_, stream_);
  });
}

}  // namespace upcycle
