// Attention's gradients for bfloat16 on tensor cores, in the two passes of attention_backward.cu. A
// block owns 64 queries or keys, each of its warps 16 of them; the others go by 32 at a time.
#include "kernels/cuda/attention_tensor.h"

namespace upcycle {
namespace {

using Element = __nv_bfloat16;

constexpr int kPassing = 32;
constexpr int kScoreStride = kPassing + 4;
constexpr int kWeightStride = kPassing + kRowGap;

// What a warp has of shared memory: its 16 rows against 32 that go by.
struct WarpMemory {
  float scores[kMatrix * kScoreStride];
  float d_weights[kMatrix * kScoreStride];
  Element weights[kMatrix * kWeightStride];
  Element d_scores[kMatrix * kWeightStride];
};

// Two tiles that a block owns and two that go by.
template <int kWidth>
struct Tiles {
  Element* own_first;
  Element* own_second;
  Element* passing_first;
  Element* passing_second;
  WarpMemory* warps;
};

template <int kWidth>
constexpr size_t kSharedBytes = 2 * size_t{kTensorTile + kPassing} * kTileStride<kWidth> *
                                    sizeof(Element) +
                                4 * sizeof(WarpMemory);

template <int kWidth>
__device__ __forceinline__ Tiles<kWidth> TilesIn(unsigned char* memory) {
  auto* first = reinterpret_cast<Element*>(memory);
  constexpr int kOwn = kTensorTile * kTileStride<kWidth>, kPass = kPassing * kTileStride<kWidth>;
  return {first, first + kOwn, first + 2 * kOwn, first + 2 * kOwn + kPass,
          reinterpret_cast<WarpMemory*>(first + 2 * kOwn + 2 * kPass)};
}

// A query's part in the gradients of its scores.
struct QueryState {
  float log_sum_exp_log2;  // of the scaled scores, in base 2
  float delta;
};

__device__ __forceinline__ QueryState StateOf(const AttentionGradientInputs& in,
                                              const HeadPlace& place, int query, int length) {
  if (query >= length) return {0, 0};
  const int64_t at = place.log_sum_exp + query;
  return {in.log_sum_exp[at] * kLog2E, in.delta[at]};
}

// A score and the gradient of its weight become the weight and the gradient of the score.
__device__ __forceinline__ void TurnPair(WarpMemory& memory, int row, int column, bool seen,
                                         const QueryState& query, float scale_log2) {
  const int from = row * kScoreStride + column, to = row * kWeightStride + column;
  const float weight = seen ? exp2f(memory.scores[from] * scale_log2 - query.log_sum_exp_log2) : 0;
  const float d_score = seen ? weight * (memory.d_weights[from] - query.delta) : 0;
  memory.weights[to] = FromFloat<Element>(weight);
  memory.d_scores[to] = FromFloat<Element>(d_score);
}

// d_query = scale · Σ_keys d_score · key.
template <int kWidth>
__global__ void __launch_bounds__(kTensorThreads)
    QueryKernel(Element* d_qkv, AttentionGradientInputs in, AttentionSizes s) {
  const Tiles<kWidth> t = TilesIn<kWidth>(DynamicShared());
  const HeadPlace place = PlaceOf(s, blockIdx.z, blockIdx.y);
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = LaneOf(threadIdx.x);
  const int begin = static_cast<int>(gridDim.x - 1 - blockIdx.x) * kTensorTile;
  const int warp_begin = begin + warp * kMatrix, row = lane / 2, query = warp_begin + row;
  const QueryState state = StateOf(in, place, query, s.length);
  const int own = warp * kMatrix * kTileStride<kWidth>;
  WarpMemory& memory = t.warps[warp];
  LoadHeadTile<kWidth, kTensorTile>(t.own_first, in.qkv + place.query, s.stride, begin, s.length);
  LoadHeadTile<kWidth, kTensorTile>(t.own_second, in.d_out + place.out, s.out_stride, begin,
                                    s.length);
  const int first_key = FirstKeyOf(s, blockIdx.z, query);
  const int first_tile = FirstKeyOf(s, blockIdx.z, begin) / kPassing * kPassing;
  HeadSums<kWidth> sums;
  sums.Clear();
  for (int first = first_tile; first < begin + kTensorTile && first < s.length; first += kPassing) {
    __syncthreads();
    LoadHeadTile<kWidth, kPassing>(t.passing_first, in.qkv + place.key, s.stride, first, s.length);
    LoadHeadTile<kWidth, kPassing>(t.passing_second, in.qkv + place.value, s.stride, first,
                                   s.length);
    __syncthreads();
    if (first >= warp_begin + kMatrix) continue;  // all of them after this warp's queries
    MultiplyHeads<kWidth>(memory.scores, kScoreStride, t.own_first + own, t.passing_first,
                          kPassing);
    MultiplyHeads<kWidth>(memory.d_weights, kScoreStride, t.own_second + own, t.passing_second,
                          kPassing);
    __syncwarp();
    for (int k = lane % 2; k < kPassing; k += 2) {
      const bool seen = query < s.length && first + k <= query && first + k >= first_key;
      TurnPair(memory, row, k, seen, state, s.scale * kLog2E);
    }
    __syncwarp();
    sums.Add(memory.d_scores, kWeightStride, t.passing_first, kPassing);
    __syncwarp();
  }
  sums.Store(d_qkv + place.query + warp_begin * s.stride, s.stride, s.length - warp_begin, s.scale,
             memory.scores);
}

// d_value = Σ weight · d_out, d_key = scale · Σ d_score · query, over the queries from there on,
// head after head.
template <int kWidth>
__global__ void __launch_bounds__(kTensorThreads)
    KeyKernel(Element* d_qkv, AttentionGradientInputs in, AttentionSizes s) {
  const Tiles<kWidth> t = TilesIn<kWidth>(DynamicShared());
  const int group = s.heads / s.kv_heads, first_head = static_cast<int>(blockIdx.y) * group;
  const int sequence = static_cast<int>(blockIdx.z);
  const HeadPlace own_place = PlaceOf(s, sequence, first_head);
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = LaneOf(threadIdx.x);
  const int begin = static_cast<int>(blockIdx.x) * kTensorTile;
  const int warp_begin = begin + warp * kMatrix;
  const int own = warp * kMatrix * kTileStride<kWidth>;
  WarpMemory& memory = t.warps[warp];
  LoadHeadTile<kWidth, kTensorTile>(t.own_first, in.qkv + own_place.key, s.stride, begin, s.length);
  LoadHeadTile<kWidth, kTensorTile>(t.own_second, in.qkv + own_place.value, s.stride, begin,
                                    s.length);
  HeadSums<kWidth> d_keys, d_values;
  d_keys.Clear();
  d_values.Clear();
  for (int head = first_head; head < first_head + group; ++head) {
    const HeadPlace place = PlaceOf(s, sequence, head);
    for (int first = begin; first < s.length; first += kPassing) {
      // Queries of documents that begin behind these keys, and no later one sees them.
      if (FirstKeyOf(s, sequence, first) >= begin + kTensorTile) break;
      __syncthreads();
      LoadHeadTile<kWidth, kPassing>(t.passing_first, in.qkv + place.query, s.stride, first,
                                     s.length);
      LoadHeadTile<kWidth, kPassing>(t.passing_second, in.d_out + place.out, s.out_stride, first,
                                     s.length);
      __syncthreads();
      if (first + kPassing <= warp_begin) continue;  // all of them before this warp's keys
      MultiplyHeads<kWidth>(memory.scores, kScoreStride, t.own_first + own, t.passing_first,
                            kPassing);
      MultiplyHeads<kWidth>(memory.d_weights, kScoreStride, t.own_second + own, t.passing_second,
                            kPassing);
      __syncwarp();
      // A lane takes one query against the warp's 16 keys.
      const int query = first + lane;
      const int first_key = FirstKeyOf(s, sequence, query);
      const QueryState state = StateOf(in, place, query, s.length);
      for (int row = 0; row < kMatrix; ++row) {
        const int key = warp_begin + row;
        const bool seen = query < s.length && key <= query && key >= first_key;
        TurnPair(memory, row, lane, seen, state, s.scale * kLog2E);
      }
      __syncwarp();
      d_values.Add(memory.weights, kWeightStride, t.passing_second, kPassing);
      d_keys.Add(memory.d_scores, kWeightStride, t.passing_first, kPassing);
      __syncwarp();
    }
  }
  const int count = s.length - warp_begin;
  const int64_t rows = warp_begin * s.stride;
  d_keys.Store(d_qkv + own_place.key + rows, s.stride, count, s.scale, memory.scores);
  d_values.Store(d_qkv + own_place.value + rows, s.stride, count, 1, memory.scores);
}

}  // namespace

void AttendBackwardOnTensorCores(Tensor d_qkv, const AttentionGradientInputs& inputs,
                                 const AttentionShape& shape, const AttentionSizes& sizes,
                                 cudaStream_t stream) {
  static_assert(kPassing == kWarp);
  const int64_t tiles = CeilDiv(shape.length, kTensorTile);
  WithTensorWidth(shape.head_width, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    Launch(QueryKernel<kWidth>, Grid(tiles, shape.heads, shape.sequences), kTensorThreads,
           kSharedBytes<kWidth>, stream, Elements<Element>(d_qkv), inputs, sizes);
    Launch(KeyKernel<kWidth>, Grid(tiles, shape.kv_heads, shape.sequences), kTensorThreads,
           kSharedBytes<kWidth>, stream, Elements<Element>(d_qkv), inputs, sizes);
  });
}

}  // namespace upcycle
