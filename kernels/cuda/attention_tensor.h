// What attention's kernels on tensor cores share. They take bfloat16 and heads of 16, 32, 64 or 128
// elements whose rows can be read in packs.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/attention.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/warp_matrix.h"

namespace upcycle {

inline constexpr int kTensorTile = 64;  // rows that a block owns: 16 of each of its 4 warps
inline constexpr int kTensorThreads = 128;
inline constexpr float kLog2E = 1.4426950408889634f;  // exp(x) = 2^(x · log2 e)
inline constexpr float kLn2 = 0.6931471805599453f;

// Elements from row to row of a tile of heads.
template <int kWidth>
inline constexpr int kTileStride = kWidth + kRowGap;

// tile [kRows][width + gap] = rows [first, first + kRows) of kWidth elements, 0 from `count` on.
template <int kWidth, int kRows>
__device__ __forceinline__ void LoadHeadTile(__nv_bfloat16* tile, const __nv_bfloat16* rows,
                                             int64_t stride, int first, int count) {
  constexpr int kPacks = kWidth / 8;
  for (int i = static_cast<int>(threadIdx.x); i < kRows * kPacks; i += kTensorThreads) {
    const int r = i / kPacks, c = i % kPacks * 8;
    Pack<__nv_bfloat16, 8> pack;
    if (first + r < count) {
      pack = *reinterpret_cast<const Pack<__nv_bfloat16, 8>*>(rows + (first + r) * stride + c);
    } else {
      for (int j = 0; j < 8; ++j) pack.values[j] = FromFloat<__nv_bfloat16>(0);
    }
    *reinterpret_cast<Pack<__nv_bfloat16, 8>*>(tile + r * kTileStride<kWidth> + c) = pack;
  }
}

// 16 rows of a head, summed.
template <int kWidth>
struct HeadSums {
  SumMatrix matrices[kWidth / kMatrix];

  __device__ __forceinline__ void Clear() {
#pragma unroll
    for (int n = 0; n < kWidth / kMatrix; ++n) nvcuda::wmma::fill_fragment(matrices[n], 0.0f);
  }

  // += weights [16][kInner] · rows [kInner][width], the weights `stride` elements from row to row.
  __device__ __forceinline__ void Add(const __nv_bfloat16* weights, int stride,
                                      const __nv_bfloat16* rows, int inner) {
    for (int k = 0; k < inner; k += kMatrix) {
      LeftMatrix<RowMajor> a;
      nvcuda::wmma::load_matrix_sync(a, weights + k, stride);
#pragma unroll
      for (int n = 0; n < kWidth / kMatrix; ++n) {
        RightMatrix<RowMajor> b;
        nvcuda::wmma::load_matrix_sync(b, rows + k * kTileStride<kWidth> + n * kMatrix,
                                       kTileStride<kWidth>);
        nvcuda::wmma::mma_sync(matrices[n], a, b, matrices[n]);
      }
    }
  }

  // Multiplies each row by a factor. How a matrix lies in a warp's registers is open, but the same
  // for every matrix of its kind: so the factors are loaded as one whose rows are constant.
  __device__ __forceinline__ void ScaleRows(const float* factor_matrix) {
    SumMatrix factors;
    nvcuda::wmma::load_matrix_sync(factors, factor_matrix, kMatrix, nvcuda::wmma::mem_row_major);
#pragma unroll
    for (int n = 0; n < kWidth / kMatrix; ++n) {
#pragma unroll
      for (int i = 0; i < SumMatrix::num_elements; ++i) matrices[n].x[i] *= factors.x[i];
    }
  }

  // rows [16] of kWidth elements = factor · sums, by way of `stage` [16][16]; rows from `count` on
  // are left alone.
  __device__ __forceinline__ void Store(__nv_bfloat16* rows, int64_t stride, int count,
                                        float factor, float* stage) const {
#pragma unroll
    for (int n = 0; n < kWidth / kMatrix; ++n) {
      nvcuda::wmma::store_matrix_sync(stage, matrices[n], kMatrix, nvcuda::wmma::mem_row_major);
      __syncwarp();
      // Each lane takes 8 neighbours.
      const int r = LaneOf(threadIdx.x) / 2, c = LaneOf(threadIdx.x) % 2 * 8;
      if (r < count) {
        Pack<__nv_bfloat16, 8> pack;
        for (int j = 0; j < 8; ++j) {
          pack.values[j] = FromFloat<__nv_bfloat16>(factor * stage[r * kMatrix + c + j]);
        }
        *reinterpret_cast<Pack<__nv_bfloat16, 8>*>(rows + r * stride + n * kMatrix + c) = pack;
      }
      __syncwarp();
    }
  }
};

// scores [16][columns] = left [16][width] · right [columns][width]ᵀ.
template <int kWidth>
__device__ __forceinline__ void MultiplyHeads(float* scores, int stride, const __nv_bfloat16* left,
                                              const __nv_bfloat16* right, int columns) {
  for (int n = 0; n < columns; n += kMatrix) {
    SumMatrix sum;
    nvcuda::wmma::fill_fragment(sum, 0.0f);
#pragma unroll
    for (int k = 0; k < kWidth; k += kMatrix) {
      LeftMatrix<RowMajor> a;
      RightMatrix<ColumnMajor> b;
      nvcuda::wmma::load_matrix_sync(a, left + k, kTileStride<kWidth>);
      nvcuda::wmma::load_matrix_sync(b, right + n * kTileStride<kWidth> + k, kTileStride<kWidth>);
      nvcuda::wmma::mma_sync(sum, a, b, sum);
    }
    nvcuda::wmma::store_matrix_sync(scores + n, sum, stride, nvcuda::wmma::mem_row_major);
  }
}

// Whether these kernels can take this call.
inline bool FitsAttentionTensors(const AttentionShape& shape,
                                 std::initializer_list<ConstTensor> tensors) {
  const int64_t width = shape.head_width;
  if (width != 16 && width != 32 && width != 64 && width != 128) return false;
  for (const ConstTensor& x : tensors) {
    if (x.type() != DataType::kBFloat16) return false;
    if (reinterpret_cast<uintptr_t>(x.memory()) % 16 != 0) return false;
  }
  return true;
}

// Calls body(width) with the head width as an integral_constant.
template <typename Body>
void WithTensorWidth(int64_t width, const Body& body) {
  if (width == 16) return body(std::integral_constant<int, 16>());
  if (width == 32) return body(std::integral_constant<int, 32>());
  if (width == 64) return body(std::integral_constant<int, 64>());
  UPCYCLE_CHECK_EQ(width, 128);
  body(std::integral_constant<int, 128>());
}

void AttendOnTensorCores(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                         const AttentionShape& shape, const AttentionSizes& sizes,
                         cudaStream_t stream);

// delta [B, H, L] = Σ d_out · out of each query and head.
struct AttentionGradientInputs {
  const __nv_bfloat16* d_out;
  const float* log_sum_exp;
  const __nv_bfloat16* qkv;
  const float* delta;
};
void AttendBackwardOnTensorCores(Tensor d_qkv, const AttentionGradientInputs& inputs,
                                 const AttentionShape& shape, const AttentionSizes& sizes,
                                 cudaStream_t stream);

}  // namespace upcycle
