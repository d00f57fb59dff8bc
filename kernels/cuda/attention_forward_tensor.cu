// Attention's forward pass for bfloat16 on tensor cores: a block takes 64 queries of one head, each
// of its warps 16 of them, and goes over the keys 64 at a time.
#include "kernels/cuda/attention_tensor.h"

namespace upcycle {
namespace {

using Element = __nv_bfloat16;

constexpr int kKeys = 64;
constexpr int kScoreStride = kKeys + 4;
constexpr int kWeightStride = kKeys + kRowGap;

// What a warp has of shared memory.
struct WarpMemory {
  float scores[kMatrix * kScoreStride];
  Element weights[kMatrix * kWeightStride];
  float factors[kMatrix * kMatrix];
};

template <int kWidth>
constexpr size_t kSharedBytes = 2 * size_t{kKeys} * kTileStride<kWidth> * sizeof(Element) +
                                4 * sizeof(WarpMemory);

// A row's softmax over the keys seen so far, in base 2. Two lanes share a row.
struct RunningSoftmax {
  float largest = -kInfinity;
  float sum = 0;

  // Takes `keys` scores of a warp's rows: they become weights. Keys of the tile before the row's
  // document and after its own place are masked. Returns by what earlier sums shrink.
  __device__ __forceinline__ float Take(WarpMemory& memory, int keys, int first_key, int last_key,
                                        float scale_log2) {
    const int row = LaneOf(threadIdx.x) / 2, half = LaneOf(threadIdx.x) % 2;
    const float* scores = memory.scores + row * kScoreStride;
    float tile_largest = largest;
    for (int k = half; k < keys; k += 2) {
      if (k >= first_key && k <= last_key) {
        tile_largest = fmaxf(tile_largest, scores[k] * scale_log2);
      }
    }
    tile_largest = fmaxf(tile_largest, __shfl_xor_sync(kAllLanes, tile_largest, 1));
    const float reference = ReferenceOf(tile_largest);
    float tile_sum = 0;
    for (int k = half; k < keys; k += 2) {
      const bool seen = k >= first_key && k <= last_key;
      const float weight = seen ? exp2f(scores[k] * scale_log2 - reference) : 0;
      memory.weights[row * kWeightStride + k] = FromFloat<Element>(weight);
      tile_sum += weight;
    }
    tile_sum += __shfl_xor_sync(kAllLanes, tile_sum, 1);
    const float shrink = exp2f(largest - reference);
    sum = sum * shrink + tile_sum;
    largest = tile_largest;
    return shrink;
  }
};

// A matrix whose rows are each row's factor.
__device__ __forceinline__ void SpreadFactors(float* matrix, float factor) {
  const int row = LaneOf(threadIdx.x) / 2, half = LaneOf(threadIdx.x) % 2;
  for (int c = 0; c < kMatrix / 2; ++c) matrix[row * kMatrix + half * (kMatrix / 2) + c] = factor;
}

template <int kWidth>
__global__ void __launch_bounds__(kTensorThreads)
    ForwardKernel(Element* out, float* log_sum_exp, const Element* qkv, AttentionSizes s) {
  // 1. Shared memory. The queries come by way of the keys' place; they stay in registers.
  auto* keys = reinterpret_cast<Element*>(DynamicShared());
  Element* values = keys + kKeys * kTileStride<kWidth>;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  WarpMemory& memory = reinterpret_cast<WarpMemory*>(values + kKeys * kTileStride<kWidth>)[warp];
  const HeadPlace place = PlaceOf(s, blockIdx.z, blockIdx.y);
  // The blocks with the most keys begin first.
  const int begin = static_cast<int>(gridDim.x - 1 - blockIdx.x) * kTensorTile;
  const int warp_begin = begin + warp * kMatrix;
  LoadHeadTile<kWidth, kTensorTile>(keys, qkv + place.query, s.stride, begin, s.length);
  __syncthreads();
  LeftMatrix<RowMajor> queries[kWidth / kMatrix];
#pragma unroll
  for (int k = 0; k < kWidth / kMatrix; ++k) {
    nvcuda::wmma::load_matrix_sync(
        queries[k], keys + warp * kMatrix * kTileStride<kWidth> + k * kMatrix, kTileStride<kWidth>);
  }

  HeadSums<kWidth> sums;
  sums.Clear();
  RunningSoftmax softmax;
  const int row = LaneOf(threadIdx.x) / 2;
  const int first_key = FirstKeyOf(s, blockIdx.z, warp_begin + row);
  const int first_tile = FirstKeyOf(s, blockIdx.z, begin) / kKeys * kKeys;
  for (int first = first_tile; first <= begin; first += kKeys) {
    // 2. The next tile of keys and values.
    __syncthreads();
    LoadHeadTile<kWidth, kKeys>(keys, qkv + place.key, s.stride, first, s.length);
    LoadHeadTile<kWidth, kKeys>(values, qkv + place.value, s.stride, first, s.length);
    __syncthreads();

    // 3. Scores; on the diagonal no warp needs the keys after its own rows.
    const bool diagonal = first == begin;
    const int tile_keys = diagonal ? (warp + 1) * kMatrix : kKeys;
    for (int n = 0; n < tile_keys; n += kMatrix) {
      SumMatrix sum;
      nvcuda::wmma::fill_fragment(sum, 0.0f);
#pragma unroll
      for (int k = 0; k < kWidth / kMatrix; ++k) {
        RightMatrix<ColumnMajor> b;
        nvcuda::wmma::load_matrix_sync(b, keys + n * kTileStride<kWidth> + k * kMatrix,
                                       kTileStride<kWidth>);
        nvcuda::wmma::mma_sync(sum, queries[k], b, sum);
      }
      nvcuda::wmma::store_matrix_sync(memory.scores + n, sum, kScoreStride,
                                      nvcuda::wmma::mem_row_major);
    }
    __syncwarp();

    // 4. Weights; earlier sums shrink where a row has found a larger score.
    const int last_key = diagonal ? warp * kMatrix + row : kKeys;
    const float shrink =
        softmax.Take(memory, tile_keys, first_key - first, last_key, s.scale * kLog2E);
    SpreadFactors(memory.factors, shrink);
    const bool shrinks = __ballot_sync(kAllLanes, shrink != 1 ? 1 : 0) != 0;
    __syncwarp();
    if (shrinks) sums.ScaleRows(memory.factors);
    sums.Add(memory.weights, kWeightStride, values, tile_keys);
    __syncwarp();
  }

  // 5. Out.
  SpreadFactors(memory.factors, 1 / softmax.sum);
  __syncwarp();
  sums.ScaleRows(memory.factors);
  sums.Store(out + place.out + warp_begin * s.out_stride, s.out_stride, s.length - warp_begin, 1,
             memory.scores);
  if (LaneOf(threadIdx.x) % 2 == 0 && warp_begin + row < s.length) {
    log_sum_exp[place.log_sum_exp + warp_begin + row] =
        (softmax.largest + log2f(softmax.sum)) * kLn2;
  }
}

}  // namespace

void AttendOnTensorCores(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                         const AttentionShape& shape, const AttentionSizes& sizes,
                         cudaStream_t stream) {
  WithTensorWidth(shape.head_width, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    Launch(ForwardKernel<kWidth>,
           Grid(CeilDiv(shape.length, kTensorTile), shape.heads, shape.sequences), kTensorThreads,
           kSharedBytes<kWidth>, stream, Elements<Element>(out), log_sum_exp.floats(),
           Elements<Element>(qkv), sizes);
  });
}

}  // namespace upcycle
