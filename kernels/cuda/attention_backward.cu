// The gradients of attention without atomics: one kernel goes over the keys of each query, another
// over the queries of each key and all query heads that read it, and both compute the weights
// again.
#include "kernels/cuda/attention.h"
#include "kernels/cuda/attention_tensor.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

template <typename T>
struct Inputs {
  const T* d_out;
  const float* log_sum_exp;
  const T* qkv;
  const float* delta;  // [B, H, L] Σ d_out · out
};

// One warp for a token and a head.
template <typename T>
__global__ void DeltaKernel(float* delta, const T* d_out, const T* out, AttentionSizes s) {
  const int head = static_cast<int>(blockIdx.y), sequence = static_cast<int>(blockIdx.z);
  const int token = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) / kWarp;
  if (token >= s.length) return;
  const HeadPlace place = PlaceOf(s, sequence, head);
  const int64_t row = place.out + token * s.out_stride;
  float sum = 0;
  for (int i = LaneOf(threadIdx.x); i < s.width; i += kWarp) {
    sum += ToFloat(d_out[row + i]) * ToFloat(out[row + i]);
  }
  sum = OverWarp(sum, Plus());
  if (LaneOf(threadIdx.x) == 0) delta[place.log_sum_exp + token] = sum;
}

// A block's tiles in shared memory: what it keeps, what goes by, and products of one with the
// other.
struct Tiles {
  float* queries;
  float* d_outs;
  float* keys;
  float* values;
  float* weights;
  float* d_scores;
};

__host__ __device__ inline int64_t TileFloats(int width) {
  return 4 * int64_t{kAttentionTile} * RowFloats(width) +
         2 * int64_t{kAttentionTile} * RowFloats(kAttentionTile);
}

__device__ Tiles TilesIn(unsigned char* memory, int width) {
  auto* next = reinterpret_cast<float*>(memory);
  const auto take = [&](int row_floats) {
    float* tile = next;
    next += kAttentionTile * row_floats;
    return tile;
  };
  return {.queries = take(RowFloats(width)),
          .d_outs = take(RowFloats(width)),
          .keys = take(RowFloats(width)),
          .values = take(RowFloats(width)),
          .weights = take(RowFloats(kAttentionTile)),
          .d_scores = take(RowFloats(kAttentionTile))};
}

// The weight of one query and key of the tiles, and the gradient of their score.
struct Pair {
  float weight;
  float d_score;
};

__device__ __forceinline__ Pair PairOf(const Tiles& t, int q, int k, float log_sum_exp, float delta,
                                       const AttentionSizes& s) {
  const int row = RowFloats(s.width);
  const float score = DotOfRows(t.queries + q * row, t.keys + k * row, s.width);
  const float weight = expf(score - log_sum_exp);
  const float d_weight = DotOfRows(t.d_outs + q * row, t.values + k * row, s.width);
  return {weight, weight * (d_weight - delta)};
}

// A block takes 32 queries of one head: d_query = scale · Σ_keys d_score · key.
template <typename T, int kColumns>
__global__ void __launch_bounds__(kAttentionThreads)
    QueryKernel(T* d_qkv, Inputs<T> in, AttentionSizes s) {
  const Tiles t = TilesIn(DynamicShared(), s.width);
  const HeadPlace place = PlaceOf(s, blockIdx.z, blockIdx.y);
  const int row = static_cast<int>(threadIdx.x) / kParts;
  const int part = static_cast<int>(threadIdx.x) % kParts;
  const int begin = static_cast<int>(blockIdx.x) * kAttentionTile, query = begin + row;
  const bool there = query < s.length;
  const float log_sum_exp = there ? in.log_sum_exp[place.log_sum_exp + query] : 0;
  const float delta = there ? in.delta[place.log_sum_exp + query] : 0;
  float* own = t.d_scores + row * RowFloats(kAttentionTile);
  LoadTile(t.queries, in.qkv + place.query, s.stride, begin, s.length, s.width, s.scale);
  LoadTile(t.d_outs, in.d_out + place.out, s.out_stride, begin, s.length, s.width, 1);

  const int first_key = FirstKeyOf(s, blockIdx.z, query);
  const int first_tile = FirstKeyOf(s, blockIdx.z, begin) / kAttentionTile * kAttentionTile;
  float sums[kColumns] = {};
  for (int first = first_tile; first <= begin; first += kAttentionTile) {
    __syncthreads();
    LoadTile(t.keys, in.qkv + place.key, s.stride, first, s.length, s.width, 1);
    LoadTile(t.values, in.qkv + place.value, s.stride, first, s.length, s.width, 1);
    __syncthreads();
    for (int k = part; k < kAttentionTile; k += kParts) {
      const bool seen = there && first + k <= query && first + k >= first_key;
      own[k] = seen ? PairOf(t, row, k, log_sum_exp, delta, s).d_score : 0;
    }
    __syncwarp();
    AddRows(sums, own, t.keys, part, s.width);
  }
  if (there) StoreRow(d_qkv + place.query + query * s.stride, sums, s.scale, part, s.width);
}

// A block takes 32 keys of one key head: d_value = Σ weight · d_out, d_key = Σ d_score · scale ·
// query over the queries from there on, head after head.
template <typename T, int kColumns>
__global__ void __launch_bounds__(kAttentionThreads)
    KeyKernel(T* d_qkv, Inputs<T> in, AttentionSizes s) {
  const Tiles t = TilesIn(DynamicShared(), s.width);
  const int group = s.heads / s.kv_heads, first_head = static_cast<int>(blockIdx.y) * group;
  const int sequence = static_cast<int>(blockIdx.z);
  const HeadPlace own_place = PlaceOf(s, sequence, first_head);
  const int row = static_cast<int>(threadIdx.x) / kParts;
  const int part = static_cast<int>(threadIdx.x) % kParts;
  const int begin = static_cast<int>(blockIdx.x) * kAttentionTile, key = begin + row;
  float* own_weights = t.weights + row * RowFloats(kAttentionTile);
  float* own_d_scores = t.d_scores + row * RowFloats(kAttentionTile);
  LoadTile(t.keys, in.qkv + own_place.key, s.stride, begin, s.length, s.width, 1);
  LoadTile(t.values, in.qkv + own_place.value, s.stride, begin, s.length, s.width, 1);

  float d_keys[kColumns] = {}, d_values[kColumns] = {};
  for (int head = first_head; head < first_head + group; ++head) {
    const HeadPlace place = PlaceOf(s, sequence, head);
    for (int first = begin; first < s.length; first += kAttentionTile) {
      // Queries of documents that begin behind these keys, and no later one sees them.
      if (FirstKeyOf(s, sequence, first) >= begin + kAttentionTile) break;
      __syncthreads();
      LoadTile(t.queries, in.qkv + place.query, s.stride, first, s.length, s.width, s.scale);
      LoadTile(t.d_outs, in.d_out + place.out, s.out_stride, first, s.length, s.width, 1);
      __syncthreads();
      for (int q = part; q < kAttentionTile; q += kParts) {
        const int query = first + q;
        const bool sees = query < s.length && key <= query && key >= FirstKeyOf(s, sequence, query);
        const int64_t at = place.log_sum_exp + query;
        const Pair pair =
            sees ? PairOf(t, q, row, in.log_sum_exp[at], in.delta[at], s) : Pair{0, 0};
        own_weights[q] = pair.weight;
        own_d_scores[q] = pair.d_score;
      }
      __syncwarp();
      AddRows(d_values, own_weights, t.d_outs, part, s.width);
      AddRows(d_keys, own_d_scores, t.queries, part, s.width);
    }
  }
  if (key >= s.length) return;
  StoreRow(d_qkv + own_place.key + key * s.stride, d_keys, 1, part, s.width);
  StoreRow(d_qkv + own_place.value + key * s.stride, d_values, 1, part, s.width);
}

}  // namespace

void CudaBackend::DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                      ConstTensor log_sum_exp, ConstTensor qkv,
                                      const AttentionShape& shape, ConstTensor starts) {
  const bool asks_cudnn = cudnn_attention_ && starts.empty();
  if (asks_cudnn && cudnn_attention_->Backward(d_qkv, d_out, out, log_sum_exp, qkv, shape)) return;
  const AttentionSizes sizes = AttentionSizesOf(shape, starts);
  auto* delta = scratch_.ReserveArray<float>(log_sum_exp.size());
  WithElement(qkv.type(), [&](auto element) {
    using T = decltype(element);
    Launch(DeltaKernel<T>,
           Grid(CeilDiv(shape.length, kAttentionThreads / kWarp), shape.heads, shape.sequences),
           kAttentionThreads, 0, stream_, delta, Elements<T>(d_out), Elements<T>(out), sizes);
    if constexpr (std::is_same_v<T, __nv_bfloat16>) {
      if (FitsAttentionTensors(shape, {d_qkv, d_out, qkv})) {
        return AttendBackwardOnTensorCores(
            d_qkv, {Elements<T>(d_out), log_sum_exp.floats(), Elements<T>(qkv), delta}, shape,
            sizes, stream_);
      }
    }
    WithColumns(shape.head_width, [&](auto columns) {
      constexpr int kColumns = decltype(columns)::value;
      const Inputs<T> inputs = {Elements<T>(d_out), log_sum_exp.floats(), Elements<T>(qkv), delta};
      const auto shared_bytes = static_cast<size_t>(TileFloats(sizes.width)) * sizeof(float);
      const int64_t tiles = CeilDiv(shape.length, kAttentionTile);
      Launch(QueryKernel<T, kColumns>, Grid(tiles, shape.heads, shape.sequences), kAttentionThreads,
             shared_bytes, stream_, Elements<T>(d_qkv), inputs, sizes);
      Launch(KeyKernel<T, kColumns>, Grid(tiles, shape.kv_heads, shape.sequences),
             kAttentionThreads, shared_bytes, stream_, Elements<T>(d_qkv), inputs, sizes);
    });
  });
}

}  // namespace upcycle
