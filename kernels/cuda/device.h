// What kernels share: element types, packs of them, sums over warps and blocks. For .cu files.
//
// Kernels keep to plain CUDA C++. Blocks are multiples of a warp and no thread leaves before the
// last barrier, so that every sum has one order.
#pragma once

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "core/check.h"
#include "core/tensor.h"

namespace upcycle {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffff;
inline constexpr float kInfinity = __builtin_huge_valf();

// ------------------------------------------------------------------------------------------
// elements

__device__ __forceinline__ float ToFloat(float x) { return x; }
__device__ __forceinline__ float ToFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ __forceinline__ T FromFloat(float x);
template <>
__device__ __forceinline__ float FromFloat<float>(float x) {
  return x;
}
template <>
__device__ __forceinline__ __nv_bfloat16 FromFloat<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// N neighbours that are read and written at once.
template <typename T, int N>
struct alignas(sizeof(T) * N) Pack {
  T values[N];
};

// Elements in 16 bytes, the widest access that there is.
template <typename T>
inline constexpr int kWidestPack = 16 / static_cast<int>(sizeof(T));

// -----------------------------------------------------------------------------------------
// arguments

// Calls body(element) with an element of the C++ type that `type` stands for.
template <typename Body>
void WithElement(DataType type, const Body& body) {
  if (type == DataType::kBFloat16) return body(__nv_bfloat16());
  UPCYCLE_CHECK(type == DataType::kFloat32);
  body(0.0f);
}

// The elements of a tensor whose type has been looked at.
template <typename T>
T* Elements(const Tensor& x) {
  UPCYCLE_CHECK_EQ(SizeOf(x.type()), static_cast<int64_t>(sizeof(T)));
  return static_cast<T*>(x.memory());
}
template <typename T>
const T* Elements(const ConstTensor& x) {
  UPCYCLE_CHECK_EQ(SizeOf(x.type()), static_cast<int64_t>(sizeof(T)));
  return static_cast<const T*>(x.memory());
}

// --------------------------------------------------------------------------------- warps and
// blocks

__device__ __forceinline__ int LaneOf(int thread) { return thread % kWarp; }

struct Plus {
  template <typename T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Larger {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// The combination of all lanes' values, the same in every lane.
template <typename T, typename Combine>
__device__ __forceinline__ T OverWarp(T x, Combine combine) {
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
    x = combine(x, __shfl_xor_sync(kAllLanes, x, lanes));
  }
  return x;
}

// The same over a block of at most 1024 threads, whose blockDim has one dimension. Barriers at both
// ends: `x` may depend on shared memory, and calls may follow each other.
template <typename T, typename Combine>
__device__ T OverBlock(T x, T nothing, Combine combine) {
  __shared__ T of_warp[kWarp];
  const int thread = static_cast<int>(threadIdx.x), warps = static_cast<int>(blockDim.x) / kWarp;
  x = OverWarp(x, combine);
  __syncthreads();
  if (LaneOf(thread) == 0) of_warp[thread / kWarp] = x;
  __syncthreads();
  return OverWarp(LaneOf(thread) < warps ? of_warp[LaneOf(thread)] : nothing, combine);
}

template <typename T>
__device__ T SumOverBlock(T x) {
  return OverBlock(x, T(0), Plus());
}

// Σ of `x` over the threads before this one; `total` gets the sum over all.
__device__ __forceinline__ int SumBefore(int x, int* total) {
  __shared__ int of_warp[kWarp];
  const int thread = static_cast<int>(threadIdx.x), lane = LaneOf(thread), warp = thread / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  int sum = x;
  for (int lanes = 1; lanes < kWarp; lanes *= 2) {
    const int below = __shfl_up_sync(kAllLanes, sum, lanes);
    if (lane >= lanes) sum += below;
  }
  __syncthreads();
  if (lane == kWarp - 1) of_warp[warp] = sum;
  __syncthreads();
  int before = 0;
  *total = 0;
  for (int w = 0; w < warps; ++w) {
    if (w < warp) before += of_warp[w];
    *total += of_warp[w];
  }
  return before + sum - x;
}

// ------------------------------------------------------------------------------------ shared
// memory

#ifdef __CUDACC__
// The block's dynamic shared memory, aligned for whatever is put there. A host compiler finds one
// of its own beside the runtime's declarations.
__device__ __forceinline__ unsigned char* DynamicShared() {
  extern __shared__ __align__(128) unsigned char memory[];
  return memory;
}
#endif

}  // namespace upcycle
