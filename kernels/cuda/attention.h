// What attention's kernels share: where heads and blocks lie, and tiles of them in shared memory.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "kernels/backend.h"
#include "kernels/cuda/device.h"

namespace upcycle {

// Sizes as kernels want them; strides in elements.
struct AttentionSizes {
  int length;
  int heads;
  int kv_heads;
  int width;
  int64_t stride;      // from token to token in qkv
  int64_t out_stride;  // and in out
  float scale;         // of scores
  const int* starts;   // as in backend.h; null where there are none
};

AttentionSizes AttentionSizesOf(const AttentionShape& shape, ConstTensor starts);

// The first key that a query of a sequence sees; 0 for queries that are not there.
__device__ __forceinline__ int FirstKeyOf(const AttentionSizes& s, int sequence, int query) {
  if (s.starts == nullptr || query >= s.length) return 0;
  return s.starts[int64_t{sequence} * s.length + query];
}

// Scores are taken relative to the largest so far, and to 0 where a query has not seen a key yet.
__device__ __forceinline__ float ReferenceOf(float largest) {
  return largest == -kInfinity ? 0 : largest;
}

// Where a head's elements of a sequence's first token lie.
struct HeadPlace {
  int64_t query;
  int64_t key;
  int64_t value;
  int64_t out;
  int64_t log_sum_exp;  // of the head's first query
};

__device__ __forceinline__ HeadPlace PlaceOf(const AttentionSizes& s, int sequence, int head) {
  const int64_t row = int64_t{sequence} * s.length;
  const int kv_head = head * s.kv_heads / s.heads;
  const int64_t key = row * s.stride + int64_t{s.heads + kv_head} * s.width;
  return {.query = row * s.stride + int64_t{head} * s.width,
          .key = key,
          .value = key + int64_t{s.kv_heads} * s.width,
          .out = row * s.out_stride + int64_t{head} * s.width,
          .log_sum_exp = (int64_t{sequence} * s.heads + head) * s.length};
}

// ------------------------------------------------------------------- tiles of floats, for any
// width

inline constexpr int kAttentionTile = 32;  // queries and keys of a block
inline constexpr int kAttentionThreads = 128;
inline constexpr int kParts = 4;  // threads that share a row: neighbours in a warp
inline constexpr int kRowScores = kAttentionTile / kParts;

// Floats of a row: one more than its elements, so that columns do not share a bank.
__host__ __device__ inline int RowFloats(int width) { return width + 1; }

// tile [32][width + 1] = factor · rows [first, first + 32) of `width` elements, 0 beyond `count`.
template <typename T>
__device__ __forceinline__ void LoadTile(float* tile, const T* rows, int64_t stride, int first,
                                         int count, int width, float factor) {
  for (int i = static_cast<int>(threadIdx.x); i < kAttentionTile * width; i += kAttentionThreads) {
    const int r = i / width, c = i % width;
    const bool inside = first + r < count;
    tile[r * RowFloats(width) + c] = inside ? factor * ToFloat(rows[(first + r) * stride + c]) : 0;
  }
}

__device__ __forceinline__ float DotOfRows(const float* a, const float* b, int width) {
  float sum = 0;
  for (int i = 0; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

// Over the threads that share a row.
template <typename Combine>
__device__ __forceinline__ float OverParts(float x, Combine combine) {
  for (int parts = kParts / 2; parts > 0; parts /= 2) {
    x = combine(x, __shfl_xor_sync(kAllLanes, x, parts));
  }
  return x;
}

// sums [columns of this part] += Σ_r factors[r] · tile[r]
template <int kColumns>
__device__ __forceinline__ void AddRows(float (&sums)[kColumns], const float* factors,
                                        const float* tile, int part, int width) {
  for (int r = 0; r < kAttentionTile; ++r) {
    const float factor = factors[r];
    const float* row = tile + r * RowFloats(width) + part;
#pragma unroll
    for (int i = 0; i < kColumns; ++i) {
      if (part + kParts * i < width) sums[i] += factor * row[kParts * i];
    }
  }
}

// Writes this part's columns of one row.
template <int kColumns, typename T>
__device__ __forceinline__ void StoreRow(T* row, const float (&sums)[kColumns], float factor,
                                         int part, int width) {
#pragma unroll
  for (int i = 0; i < kColumns; ++i) {
    if (part + kParts * i < width) row[part + kParts * i] = FromFloat<T>(factor * sums[i]);
  }
}

// Calls body(columns) with the columns of a part for heads of up to this width, as an
// integral_constant. The widest is 256.
template <typename Body>
void WithColumns(int64_t width, const Body& body) {
  constexpr int64_t kWidest = 256;
  if (width > kWidest) {
    throw Error(Cause::kInput,
                "attention heads of " + std::to_string(width) +
                    " elements are wider than the GPU's kernels take, 256; choose more heads");
  }
  if (width <= 64) return body(std::integral_constant<int, 64 / kParts>());
  if (width <= 128) return body(std::integral_constant<int, 128 / kParts>());
  body(std::integral_constant<int, 256 / kParts>());
}

}  // namespace upcycle
