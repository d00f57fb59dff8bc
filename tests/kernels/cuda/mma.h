// CUDA's warp matrices, on the host. The warp's first lane holds the whole matrix and the others
// nothing, so what a kernel does with single elements must be the same for each of them.
#pragma once

#include <array>

#include "tests/kernels/cuda/cuda_bf16.h"
#include "tests/kernels/cuda/cuda_runtime.h"

namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };

template <typename Use, int m, int n, int k, typename T, typename Layout = void>
struct fragment {
  static_assert(m == 16 && n == 16 && k == 16);
  static constexpr int num_elements = 256;
  T x[num_elements] = {};
};

inline bool FirstLane() { return upcycle::shim::Lane() == 0; }

template <typename Use, int m, int n, int k, typename T, typename Layout>
void fill_fragment(fragment<Use, m, n, k, T, Layout>& a, T value) {
  if (!FirstLane()) return;
  for (T& x : a.x) x = value;
}

// Element (i, j) is at p[i · stride + j], or with columns one after the other at p[j · stride + i].
template <typename Use, int m, int n, int k, typename T, typename Layout>
void load_matrix_sync(fragment<Use, m, n, k, T, Layout>& a, const T* p, unsigned stride) {
  if (!FirstLane()) return;
  for (unsigned i = 0; i < 16; ++i) {
    for (unsigned j = 0; j < 16; ++j) {
      a.x[i * 16 + j] = std::is_same_v<Layout, row_major> ? p[i * stride + j] : p[j * stride + i];
    }
  }
}

template <int m, int n, int k, typename T>
void load_matrix_sync(fragment<accumulator, m, n, k, T>& a, const T* p, unsigned stride, layout_t) {
  if (!FirstLane()) return;
  for (unsigned i = 0; i < 256; ++i) a.x[i] = p[i / 16 * stride + i % 16];
}

template <int m, int n, int k, typename T>
void store_matrix_sync(T* p, const fragment<accumulator, m, n, k, T>& a, unsigned stride,
                       layout_t) {
  if (!FirstLane()) return;
  for (unsigned i = 0; i < 256; ++i) p[i / 16 * stride + i % 16] = a.x[i];
}

template <int m, int n, int k, typename A, typename B>
void mma_sync(fragment<accumulator, m, n, k, float>& d,
              const fragment<matrix_a, m, n, k, __nv_bfloat16, A>& a,
              const fragment<matrix_b, m, n, k, __nv_bfloat16, B>& b,
              const fragment<accumulator, m, n, k, float>& c) {
  if (!FirstLane()) return;
  std::array<float, 256> x, y;
  for (size_t i = 0; i < 256; ++i) {
    x[i] = __bfloat162float(a.x[i]);
    y[i] = __bfloat162float(b.x[i]);
  }
  for (size_t i = 0; i < 16; ++i) {
    for (size_t j = 0; j < 16; ++j) {
      float sum = c.x[i * 16 + j];
      for (size_t l = 0; l < 16; ++l) sum += x[i * 16 + l] * y[l * 16 + j];
      d.x[i * 16 + j] = sum;
    }
  }
}

}  // namespace nvcuda::wmma
