// Tokens to rows of experts and back.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

constexpr int kThreads = 256;

template <typename T, int N>
__global__ void GatherKernel(T* rows, const T* x, const int32_t* assignment_of, int top_k,
                             int64_t width) {
  const int64_t row = blockIdx.x;
  const int32_t assignment = assignment_of[row];
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += int64_t{blockDim.x} * N) {
    auto* to = reinterpret_cast<Pack<T, N>*>(rows + row * width + i);
    if (assignment < 0) {
      Pack<T, N> zeros;
      for (int j = 0; j < N; ++j) zeros.values[j] = FromFloat<T>(0);
      *to = zeros;
    } else {
      *to = *reinterpret_cast<const Pack<T, N>*>(x + assignment / top_k * width + i);
    }
  }
}

// out (+)= Σ_j rows[row_of[j]], in the order of j; -1 adds nothing.
template <typename T, int N>
__global__ void CombineKernel(T* out, const T* rows, const int32_t* row_of, int top_k,
                              int64_t width, bool accumulate) {
  const int64_t token = blockIdx.x;
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += int64_t{blockDim.x} * N) {
    auto* to = reinterpret_cast<Pack<T, N>*>(out + token * width + i);
    float sums[N] = {};
    if (accumulate) {
      const Pack<T, N> before = *to;
      for (int j = 0; j < N; ++j) sums[j] = ToFloat(before.values[j]);
    }
    for (int k = 0; k < top_k; ++k) {
      const int64_t row = row_of[token * top_k + k];
      if (row < 0) continue;
      const auto pack = *reinterpret_cast<const Pack<T, N>*>(rows + row * width + i);
      for (int j = 0; j < N; ++j) sums[j] += ToFloat(pack.values[j]);
    }
    Pack<T, N> result;
    for (int j = 0; j < N; ++j) result.values[j] = FromFloat<T>(sums[j]);
    *to = result;
  }
}

// out[i] = values[index[i]], 0 where there is no index.
__global__ void PickKernel(float* out, const float* values, const int32_t* index, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) out[i] = index[i] < 0 ? 0 : values[index[i]];
}

}  // namespace

void CudaBackend::DoGatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) {
  const int64_t width = x.dim(1);
  WithPacks(rows.type(), width, {rows, x}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(GatherKernel<T, kPack>, Grid(rows.dim(0)), RowThreads(width, kPack), 0, stream_,
           Elements<T>(rows), Elements<T>(x), dispatch.assignment_of.ints(), dispatch.row_of.dim(1),
           width);
  });
}

void CudaBackend::DoCombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                                Accumulate accumulate) {
  const int64_t width = out.dim(1);
  WithPacks(rows.type(), width, {out, rows}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(CombineKernel<T, kPack>, Grid(out.dim(0)), RowThreads(width, kPack), 0, stream_,
           Elements<T>(out), Elements<T>(rows), dispatch.row_of.ints(), dispatch.row_of.dim(1),
           width, accumulate == Accumulate::kYes);
  });
}

void CudaBackend::DoGatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch) {
  Launch(PickKernel, Grid(CeilDiv(row_weight.size(), kThreads)), kThreads, 0, stream_,
         row_weight.floats(), weight.floats(), dispatch.assignment_of.ints(), row_weight.size());
}

void CudaBackend::DoScatterWeights(Tensor d_weight, ConstTensor d_row_weight,
                                   const Dispatch& dispatch) {
  Launch(PickKernel, Grid(CeilDiv(d_weight.size(), kThreads)), kThreads, 0, stream_,
         d_weight.floats(), d_row_weight.floats(), dispatch.row_of.ints(), d_weight.size());
}

}  // namespace upcycle
