// One product for each expert over the rows it serves. How many those are is known on the device
// alone, so the grid has a block for every tile that there could be, and each block finds its own.
#include "kernels/cuda/device.h"
#include "kernels/cuda/expert_matmul.h"
#include "kernels/cuda/expert_matmul_tensor.h"
#include "kernels/cuda/expert_rows.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

constexpr int kTile = 64;   // rows and columns of an output's tile
constexpr int kInner = 16;  // of the inner dimension at a time
constexpr int kThreads = 256;
constexpr int kSide = 4;  // a thread computes 4 · 4 elements

// Element (i, k) of an operand, where k is the inner dimension.
template <typename T>
struct Operand {
  const T* values;
  int64_t stride;
  int64_t inner_stride;
};

using Slab = float[kInner][kTile + 1];

// slab[k][i] = operand (begin + i, inner_begin + k), 0 beyond the operand's end.
template <typename T>
__device__ __forceinline__ void LoadSlab(Slab& slab, const Operand<T>& operand, int64_t begin,
                                         int64_t end, int64_t inner_begin, int64_t inner_end) {
  // Neighbouring threads read neighbouring elements.
  const bool inner_first = operand.inner_stride == 1;
  for (int n = static_cast<int>(threadIdx.x); n < kInner * kTile; n += kThreads) {
    const int k = inner_first ? n % kInner : n / kTile, i = inner_first ? n / kInner : n % kTile;
    const int64_t row = begin + i, inner = inner_begin + k;
    const bool inside = row < end && inner < inner_end;
    slab[k][i] =
        inside ? ToFloat(operand.values[row * operand.stride + inner * operand.inner_stride]) : 0;
  }
}

struct TilePlace {
  int64_t row;
  int64_t row_end;
  int64_t column;
  int64_t column_end;
};

// out tile (+)= Σ_k a(row, k) · b(column, k), for out rows of `columns` elements.
template <typename T, typename Out>
__device__ void MultiplyTile(Out* out, int64_t columns, const Operand<T>& a, const Operand<T>& b,
                             const TilePlace& place, int64_t inner, bool accumulate) {
  __shared__ Slab a_slab, b_slab;
  const int row = static_cast<int>(threadIdx.x) / (kTile / kSide) * kSide;
  const int column = static_cast<int>(threadIdx.x) % (kTile / kSide);
  float sums[kSide][kSide] = {};
  for (int64_t k = 0; k < inner; k += kInner) {
    LoadSlab(a_slab, a, place.row, place.row_end, k, inner);
    LoadSlab(b_slab, b, place.column, place.column_end, k, inner);
    __syncthreads();
    for (int l = 0; l < kInner; ++l) {
      for (int i = 0; i < kSide; ++i) {
        for (int j = 0; j < kSide; ++j) {
          sums[i][j] += a_slab[l][row + i] * b_slab[l][column + j * (kTile / kSide)];
        }
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < kSide; ++i) {
    for (int j = 0; j < kSide; ++j) {
      const int64_t r = place.row + row + i, c = place.column + column + j * (kTile / kSide);
      if (r >= place.row_end || c >= place.column_end) continue;
      Out& at = out[r * columns + c];
      at = FromFloat<Out>(sums[i][j] + (accumulate ? ToFloat(at) : 0));
    }
  }
}

// out rows = rows · op(weights[e]): [R, columns] and [R, inner]; a block takes one tile of rows of
// one expert, and one tile of columns.
template <typename T>
__global__ void RowsKernel(T* out, const T* rows, const T* weights, ExpertRows experts,
                           int64_t columns, int64_t inner, bool flip) {
  const TileOfRows tile = FindTile(experts, blockIdx.x, kTile);
  if (tile.expert < 0) return;
  const int64_t column = int64_t{blockIdx.y} * kTile;
  const T* weight = weights + tile.expert * columns * inner;
  const Operand<T> a = {rows, inner, 1};
  const Operand<T> b = flip ? Operand<T>{weight, inner, 1} : Operand<T>{weight, 1, columns};
  MultiplyTile(out, columns, a, b, {tile.begin, tile.end, column, columns}, inner, false);
}

// d_weights[e] [outputs, inputs] += d_outᵀ · rows over e's rows.
template <typename T>
__global__ void WeightsKernel(float* d_weights, const T* d_out, const T* rows, ExpertRows experts,
                              int64_t outputs, int64_t inputs) {
  const int64_t expert = blockIdx.z;
  const int64_t begin = experts.offsets[expert], count = experts.counts[expert];
  if (count == 0) return;
  const Operand<T> a = {d_out + begin * outputs, 1, outputs};
  const Operand<T> b = {rows + begin * inputs, 1, inputs};
  const TilePlace place = {int64_t{blockIdx.y} * kTile, outputs, int64_t{blockIdx.x} * kTile,
                           inputs};
  MultiplyTile(d_weights + expert * outputs * inputs, inputs, a, b, place, count, true);
}

template <typename T>
void MultiplyRows(Tensor out, ConstTensor rows, ConstTensor weights, bool flip,
                  const Dispatch& dispatch, cudaStream_t stream) {
  const ExpertRows experts = ExpertRowsOf(dispatch);
  Launch(RowsKernel<T>, Grid(MostTiles(dispatch, kTile), CeilDiv(out.dim(1), kTile)), kThreads, 0,
         stream, Elements<T>(out), Elements<T>(rows), Elements<T>(weights), experts, out.dim(1),
         rows.dim(1), flip);
}

}  // namespace

void MultiplyRowsGrouped(Tensor out, ConstTensor rows, ConstTensor weights, bool flip,
                         const Dispatch& dispatch, cudaStream_t stream) {
  if (FitsTensorCores(out, rows, weights)) {
    return MultiplyRowsOnTensorCores(out, rows, weights, flip, dispatch, stream);
  }
  WithElement(out.type(), [&](auto element) {
    MultiplyRows<decltype(element)>(out, rows, weights, flip, dispatch, stream);
  });
}

void MultiplyWeightsGrouped(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                            const Dispatch& dispatch, cudaStream_t stream) {
  if (FitsTensorCores(d_out, rows, d_weights)) {
    return MultiplyWeightsOnTensorCores(d_weights, d_out, rows, dispatch, stream);
  }
  const int64_t experts = d_weights.dim(0), outputs = d_weights.dim(1), inputs = d_weights.dim(2);
  WithElement(rows.type(), [&](auto element) {
    using T = decltype(element);
    Launch(WeightsKernel<T>, Grid(CeilDiv(inputs, kTile), CeilDiv(outputs, kTile), experts),
           kThreads, 0, stream, d_weights.floats(), Elements<T>(d_out), Elements<T>(rows),
           ExpertRowsOf(dispatch), outputs, inputs);
  });
}

}  // namespace upcycle
