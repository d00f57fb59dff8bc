#include "kernels/cuda/device.h"
#include "kernels/cuda/expert_matmul_tensor.h"
#include "kernels/cuda/expert_rows.h"
#include "kernels/cuda/warp_matrix.h"

namespace upcycle {
namespace {

using Element = __nv_bfloat16;
using Eight = Pack<Element, 8>;

// A block computes 128 · 128 elements, each of its 8 warps 64 · 32 of them.
constexpr int kTile = 128;
constexpr int kInner = 32;  // of the inner dimension at a time
constexpr int kThreads = 256;
constexpr int kWarpRows = 64, kWarpColumns = 32;
constexpr int kRowMatrices = kWarpRows / kMatrix, kColumnMatrices = kWarpColumns / kMatrix;

// An operand with element (i, k), k the inner dimension, at values[i · stride + k], or with
// kInnerOutside at values[k · stride + i].
struct Operand {
  const Element* values;
  int64_t stride;
  int64_t begin;  // of i in this tile
  int64_t end;
};

// A slab of an operand in shared memory, as it lies in global memory: [128][32 + gap], or with
// kInnerOutside [32][128 + gap].
template <bool kInnerOutside>
struct Slab {
  static constexpr int kRows = kInnerOutside ? kInner : kTile;
  static constexpr int kColumns = kInnerOutside ? kTile : kInner;
  static constexpr int kStride = kColumns + kRowGap;
  static constexpr int kElements = kRows * kStride;
  static constexpr int kPacks = kRows * kColumns / 8 / kThreads;  // of each thread
};

// This thread's packs of a slab, on their way from global to shared memory: the next slab's travel
// while the present one is multiplied.
template <bool kInnerOutside>
struct Travelling {
  using Of = Slab<kInnerOutside>;
  Eight packs[Of::kPacks];

  __device__ void Load(const Operand& operand, int64_t inner, int64_t inner_end) {
    for (int p = 0; p < Of::kPacks; ++p) {
      const int flat = (p * kThreads + static_cast<int>(threadIdx.x)) * 8;
      const int row = flat / Of::kColumns, column = flat % Of::kColumns;
      const int64_t i = operand.begin + (kInnerOutside ? column : row);
      const int64_t k = inner + (kInnerOutside ? row : column);
      // Sizes are multiples of 8, so a pack is inside as a whole or not at all.
      if (i < operand.end && k < inner_end) {
        const int64_t at = kInnerOutside ? k * operand.stride + i : i * operand.stride + k;
        packs[p] = *reinterpret_cast<const Eight*>(operand.values + at);
      } else {
        for (int j = 0; j < 8; ++j) packs[p].values[j] = FromFloat<Element>(0);
      }
    }
  }

  __device__ void Store(Element* slab) const {
    for (int p = 0; p < Of::kPacks; ++p) {
      const int flat = (p * kThreads + static_cast<int>(threadIdx.x)) * 8;
      const int row = flat / Of::kColumns, column = flat % Of::kColumns;
      *reinterpret_cast<Eight*>(slab + row * Of::kStride + column) = packs[p];
    }
  }
};

template <bool kInnerOutside>
using LeftOf = LeftMatrix<std::conditional_t<kInnerOutside, ColumnMajor, RowMajor>>;
template <bool kInnerOutside>
using RightOf = RightMatrix<std::conditional_t<kInnerOutside, RowMajor, ColumnMajor>>;

struct Sums {
  SumMatrix matrices[kRowMatrices][kColumnMatrices];
};

// Adds the product of two slabs to a warp's sums.
template <bool kLeftOutside, bool kRightOutside>
__device__ __forceinline__ void MultiplySlabs(Sums& sums, const Element* left, const Element* right,
                                              int row, int column) {
  constexpr int kLeft = Slab<kLeftOutside>::kStride, kRight = Slab<kRightOutside>::kStride;
#pragma unroll
  for (int k = 0; k < kInner; k += kMatrix) {
    LeftOf<kLeftOutside> a[kRowMatrices];
    RightOf<kRightOutside> b[kColumnMatrices];
#pragma unroll
    for (int i = 0; i < kRowMatrices; ++i) {
      const int at = row + i * kMatrix;
      nvcuda::wmma::load_matrix_sync(a[i], left + (kLeftOutside ? k * kLeft + at : at * kLeft + k),
                                     kLeft);
    }
#pragma unroll
    for (int j = 0; j < kColumnMatrices; ++j) {
      const int at = column + j * kMatrix;
      nvcuda::wmma::load_matrix_sync(
          b[j], right + (kRightOutside ? k * kRight + at : at * kRight + k), kRight);
    }
#pragma unroll
    for (int i = 0; i < kRowMatrices; ++i) {
#pragma unroll
      for (int j = 0; j < kColumnMatrices; ++j) {
        nvcuda::wmma::mma_sync(sums.matrices[i][j], a[i], b[j], sums.matrices[i][j]);
      }
    }
  }
}

// Writes a warp's sums by way of shared memory, where every lane can see them: 16 · 16 at a time.
template <bool kAdd, typename Out>
__device__ __forceinline__ void StoreSums(Out* out, int64_t stride, const Sums& sums, float* stage,
                                          int64_t row, int64_t row_end, int64_t column,
                                          int64_t column_end) {
  const int lane = LaneOf(threadIdx.x);
#pragma unroll
  for (int i = 0; i < kRowMatrices; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnMatrices; ++j) {
      nvcuda::wmma::store_matrix_sync(stage, sums.matrices[i][j], kMatrix,
                                      nvcuda::wmma::mem_row_major);
      __syncwarp();
      for (int n = lane; n < kMatrix * kMatrix; n += kWarp) {
        const int64_t r = row + i * kMatrix + n / kMatrix, c = column + j * kMatrix + n % kMatrix;
        if (r >= row_end || c >= column_end) continue;
        Out& at = out[r * stride + c];
        at = FromFloat<Out>(kAdd ? ToFloat(at) + stage[n] : stage[n]);
      }
      __syncwarp();
    }
  }
}

// One tile of out (+)= left · rightᵀ.
template <bool kLeftOutside, bool kRightOutside, bool kAdd, typename Out>
__device__ void MultiplyTile(Out* out, int64_t stride, const Operand& left, const Operand& right,
                             int64_t inner) {
  // 1. Shared memory: a slab of each operand, and later each warp's stage.
  auto* left_slab = reinterpret_cast<Element*>(DynamicShared());
  Element* right_slab = left_slab + Slab<kLeftOutside>::kElements;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int row = warp / (kTile / kWarpColumns) * kWarpRows;
  const int column = warp % (kTile / kWarpColumns) * kWarpColumns;
  Sums sums;
#pragma unroll
  for (int i = 0; i < kRowMatrices; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnMatrices; ++j)
      nvcuda::wmma::fill_fragment(sums.matrices[i][j], 0.0f);
  }

  // 2. Slab after slab.
  Travelling<kLeftOutside> left_packs;
  Travelling<kRightOutside> right_packs;
  left_packs.Load(left, 0, inner);
  right_packs.Load(right, 0, inner);
  for (int64_t k = 0; k < inner; k += kInner) {
    left_packs.Store(left_slab);
    right_packs.Store(right_slab);
    __syncthreads();
    left_packs.Load(left, k + kInner, inner);
    right_packs.Load(right, k + kInner, inner);
    MultiplySlabs<kLeftOutside, kRightOutside>(sums, left_slab, right_slab, row, column);
    __syncthreads();
  }

  // 3. Out.
  float* stage = reinterpret_cast<float*>(DynamicShared()) + warp * kMatrix * kMatrix;
  StoreSums<kAdd>(out, stride, sums, stage, left.begin + row, left.end, right.begin + column,
                  right.end);
}

template <bool kLeftOutside, bool kRightOutside>
constexpr size_t SharedBytes() {
  constexpr size_t kSlabs =
      (Slab<kLeftOutside>::kElements + Slab<kRightOutside>::kElements) * sizeof(Element);
  constexpr size_t kStages = kThreads / kWarp * kMatrix * kMatrix * sizeof(float);
  return kSlabs > kStages ? kSlabs : kStages;
}

// kFlip: weights [E, columns, inner], else [E, inner, columns].
template <bool kFlip>
__global__ void __launch_bounds__(kThreads)
    RowsKernel(Element* out, const Element* rows, const Element* weights, ExpertRows experts,
               int64_t columns, int64_t inner) {
  const TileOfRows tile = FindTile(experts, blockIdx.x, kTile);
  if (tile.expert < 0) return;
  const Operand left = {rows, inner, tile.begin, tile.end};
  const Operand right = {weights + tile.expert * columns * inner, kFlip ? inner : columns,
                         int64_t{blockIdx.y} * kTile, columns};
  MultiplyTile<false, !kFlip, false>(out, columns, left, right, inner);
}

__global__ void __launch_bounds__(kThreads)
    WeightsKernel(float* d_weights, const Element* d_out, const Element* rows, ExpertRows experts,
                  int64_t outputs, int64_t inputs) {
  const int64_t expert = blockIdx.z;
  const int64_t begin = experts.offsets[expert], count = experts.counts[expert];
  if (count == 0) return;
  const Operand left = {d_out + begin * outputs, outputs, int64_t{blockIdx.y} * kTile, outputs};
  const Operand right = {rows + begin * inputs, inputs, int64_t{blockIdx.x} * kTile, inputs};
  MultiplyTile<true, true, true>(d_weights + expert * outputs * inputs, inputs, left, right, count);
}

}  // namespace

bool FitsTensorCores(ConstTensor out, ConstTensor rows, ConstTensor weights) {
  if (rows.type() != DataType::kBFloat16) return false;
  for (const ConstTensor& x : {out, rows, weights}) {
    if (x.dim(x.rank() - 1) % 8 != 0 || reinterpret_cast<uintptr_t>(x.memory()) % 16 != 0) {
      return false;
    }
  }
  return true;
}

void MultiplyRowsOnTensorCores(Tensor out, ConstTensor rows, ConstTensor weights, bool flip,
                               const Dispatch& dispatch, cudaStream_t stream) {
  const int64_t columns = out.dim(1);
  const dim3 grid = Grid(MostTiles(dispatch, kTile), CeilDiv(columns, kTile));
  Launch(flip ? RowsKernel<true> : RowsKernel<false>, grid, kThreads,
         flip ? SharedBytes<false, false>() : SharedBytes<false, true>(), stream,
         Elements<Element>(out), Elements<Element>(rows), Elements<Element>(weights),
         ExpertRowsOf(dispatch), columns, rows.dim(1));
}

void MultiplyWeightsOnTensorCores(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                  const Dispatch& dispatch, cudaStream_t stream) {
  const int64_t experts = d_weights.dim(0), outputs = d_weights.dim(1), inputs = d_weights.dim(2);
  Launch(WeightsKernel, Grid(CeilDiv(inputs, kTile), CeilDiv(outputs, kTile), experts), kThreads,
         SharedBytes<true, true>(), stream, d_weights.floats(), Elements<Element>(d_out),
         Elements<Element>(rows), ExpertRowsOf(dispatch), outputs, inputs);
}

}  // namespace upcycle
