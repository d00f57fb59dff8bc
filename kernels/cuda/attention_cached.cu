// Attention of sequences that go on from keys and values in a cache: a block takes one query of one
// head. Each of its warps goes over a share of the keys with a running softmax (Milakov and
// Gimelshein 2018), its lanes over the head's elements; the shares meet at the end, in their order.
#include "kernels/cuda/attention.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

constexpr int kCachedWarps = 4;

// Sizes as kernels want them, and where sequences go on.
struct CacheSizes {
  int64_t length;
  int64_t slots;
  int64_t capacity;
  int64_t stride;  // of the cache, from token to token
  const int* slot;
  const int* past;
  const int* added;
};

CacheSizes CacheSizesOf(ConstTensor cache, const SequencePlaces& places,
                        const AttentionShape& shape) {
  return {.length = shape.length,
          .slots = cache.dim(0),
          .capacity = cache.dim(1),
          .stride = cache.dim(2),
          .slot = places.slots.ints(),
          .past = places.past.ints(),
          .added = places.added.ints()};
}

// Where a token lies in the cache.
struct TokenPlace {
  int64_t first = 0;  // the slot's first token
  int64_t place = 0;  // the token's own in the slot
  bool added = false;
};

// A place outside the cache is reported, and is none.
__device__ __forceinline__ TokenPlace PlaceOf(const CacheSizes& s, int64_t token, int32_t* fault) {
  const int64_t b = token / s.length, i = token % s.length;
  const int64_t slot = s.slot[b], place = s.past[b] + i;
  if (slot < 0 || slot >= s.slots || s.past[b] < 0 || s.added[b] < 0 || s.added[b] > s.length ||
      int64_t{s.past[b]} + s.added[b] > s.capacity) {
    *fault = static_cast<int32_t>(DeviceFault::kPlace);
    return {};
  }
  return {.first = slot * s.capacity, .place = place, .added = i < s.added[b]};
}

template <typename T>
__global__ void StoreKernel(T* cache, const T* qkv, CacheSizes s, int64_t fused_width,
                            int64_t query_width, int32_t* fault) {
  const int64_t token = blockIdx.x;
  const TokenPlace place = PlaceOf(s, token, fault);
  if (!place.added) return;
  const T* from = qkv + token * fused_width + query_width;
  T* to = cache + (place.first + place.place) * s.stride;
  for (int64_t i = threadIdx.x; i < s.stride; i += blockDim.x) to[i] = from[i];
}

// kColumns elements of a head for each lane, kWarp apart.
template <typename T, int kColumns>
__device__ __forceinline__ void LoadLane(float (&values)[kColumns], const T* row, int width) {
  const int lane = LaneOf(static_cast<int>(threadIdx.x));
#pragma unroll
  for (int i = 0; i < kColumns; ++i) {
    const int c = lane + kWarp * i;
    values[i] = c < width ? ToFloat(row[c]) : 0;
  }
}

template <typename T, int kColumns>
__global__ void __launch_bounds__(kCachedWarps* kWarp)
    CachedKernel(T* out, const T* qkv, const T* cache, AttentionSizes s, CacheSizes c,
                 int32_t* fault) {
  __shared__ float warp_largest[kCachedWarps];
  __shared__ float warp_sum[kCachedWarps];
  __shared__ float warp_sums[kCachedWarps][kColumns * kWarp];

  const int64_t token = blockIdx.x;
  const int head = static_cast<int>(blockIdx.y), kv_head = head * s.kv_heads / s.heads;
  const int thread = static_cast<int>(threadIdx.x), warp = thread / kWarp, lane = LaneOf(thread);
  T* out_row = out + token * s.out_stride + int64_t{head} * s.width;
  const TokenPlace place = PlaceOf(c, token, fault);
  if (!place.added) {
    for (int i = thread; i < s.width; i += kCachedWarps * kWarp) out_row[i] = FromFloat<T>(0);
    return;
  }

  // 1. This warp's share of the keys.
  float query[kColumns], sums[kColumns] = {}, largest = -kInfinity, sum = 0;
  LoadLane(query, qkv + token * s.stride + int64_t{head} * s.width, s.width);
  const T* keys = cache + place.first * c.stride + int64_t{kv_head} * s.width;
  const T* values = keys + int64_t{s.kv_heads} * s.width;
  for (int64_t k = warp; k <= place.place; k += kCachedWarps) {
    float key[kColumns], value[kColumns], dot = 0;
    LoadLane(key, keys + k * c.stride, s.width);
    LoadLane(value, values + k * c.stride, s.width);
    for (int i = 0; i < kColumns; ++i) dot += query[i] * key[i];
    const float score = s.scale * OverWarp(dot, Plus());
    const float now = fmaxf(largest, score);
    const float shrink = expf(largest - now), weight = expf(score - now);
    sum = sum * shrink + weight;
    for (int i = 0; i < kColumns; ++i) sums[i] = sums[i] * shrink + weight * value[i];
    largest = now;
  }
  for (int i = 0; i < kColumns; ++i) warp_sums[warp][lane + kWarp * i] = sums[i];
  if (lane == 0) {
    warp_largest[warp] = largest;
    warp_sum[warp] = sum;
  }
  __syncthreads();

  // 2. All shares. The first has a key always.
  float most = warp_largest[0], total = 0, factors[kCachedWarps];
  for (int w = 1; w < kCachedWarps; ++w) most = fmaxf(most, warp_largest[w]);
  for (int w = 0; w < kCachedWarps; ++w) {
    factors[w] = expf(warp_largest[w] - most);
    total += factors[w] * warp_sum[w];
  }
  for (int i = thread; i < s.width; i += kCachedWarps * kWarp) {
    float element = 0;
    for (int w = 0; w < kCachedWarps; ++w) element += factors[w] * warp_sums[w][i];
    out_row[i] = FromFloat<T>(element / total);
  }
}

}  // namespace

void CudaBackend::DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                                   const AttentionShape& shape) {
  const CacheSizes sizes = CacheSizesOf(cache, places, shape);
  WithElement(qkv.type(), [&](auto element) {
    using T = decltype(element);
    Launch(StoreKernel<T>, Grid(shape.tokens()), RowThreads(sizes.stride, 1), 0, stream_,
           Elements<T>(cache), Elements<T>(qkv), sizes, shape.fused_width(), shape.query_width(),
           fault_);
  });
}

void CudaBackend::DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                                    const SequencePlaces& places, const AttentionShape& shape) {
  const AttentionSizes sizes = AttentionSizesOf(shape, {});
  const CacheSizes cached = CacheSizesOf(cache, places, shape);
  WithElement(out.type(), [&](auto element) {
    WithColumns(shape.head_width, [&](auto columns) {
      using T = decltype(element);
      constexpr int kColumns = decltype(columns)::value * kParts / kWarp;
      Launch(CachedKernel<T, kColumns>, Grid(shape.tokens(), shape.heads), kCachedWarps * kWarp, 0,
             stream_, Elements<T>(out), Elements<T>(qkv), Elements<T>(cache), sizes, cached,
             fault_);
    });
  });
}

}  // namespace upcycle
