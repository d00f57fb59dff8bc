// 16 · 16 matrices of a warp, multiplied by tensor cores through CUDA's C++ interface.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <mma.h>

namespace upcycle {

inline constexpr int kMatrix = 16;  // rows and columns

using RowMajor = nvcuda::wmma::row_major;
using ColumnMajor = nvcuda::wmma::col_major;
template <typename Layout>
using LeftMatrix = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, kMatrix, kMatrix, kMatrix,
                                          __nv_bfloat16, Layout>;
template <typename Layout>
using RightMatrix = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, kMatrix, kMatrix, kMatrix,
                                           __nv_bfloat16, Layout>;
using SumMatrix =
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, kMatrix, kMatrix, kMatrix, float>;

// Shared memory that matrices are loaded from begins at multiples of 32 bytes, and its rows are
// multiples of 16 bytes apart.
inline constexpr int kRowGap = 8;  // elements between rows, so that they do not share banks

}  // namespace upcycle
