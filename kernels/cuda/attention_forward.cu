// Causal attention in one pass over the keys (Milakov and Gimelshein 2018; Dao et al. 2022): a
// block takes 32 queries of one head and keeps, for each, the largest score so far, Σ exp(score -
// largest) and the sum of values so weighted.
#include <cmath>

#include "kernels/cuda/attention.h"
#include "kernels/cuda/attention_tensor.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/launch.h"

namespace upcycle {

AttentionSizes AttentionSizesOf(const AttentionShape& shape, ConstTensor starts) {
  return {.length = static_cast<int>(shape.length),
          .heads = static_cast<int>(shape.heads),
          .kv_heads = static_cast<int>(shape.kv_heads),
          .width = static_cast<int>(shape.head_width),
          .stride = shape.fused_width(),
          .out_stride = shape.query_width(),
          .scale = 1.0f / std::sqrt(static_cast<float>(shape.head_width)),
          .starts = starts.empty() ? nullptr : starts.ints()};
}

namespace {

template <typename T, int kColumns>
__global__ void __launch_bounds__(kAttentionThreads)
    ForwardKernel(T* out, float* log_sum_exp, const T* qkv, AttentionSizes s) {
  // 1. Shared memory: tiles of queries, keys and values, and the block's weights.
  const int tile_floats = kAttentionTile * RowFloats(s.width);
  auto* queries = reinterpret_cast<float*>(DynamicShared());
  float* keys = queries + tile_floats;
  float* values = keys + tile_floats;
  float* weights = values + tile_floats;

  const HeadPlace place = PlaceOf(s, blockIdx.z, blockIdx.y);
  const int row = static_cast<int>(threadIdx.x) / kParts;
  const int part = static_cast<int>(threadIdx.x) % kParts;
  const int begin = static_cast<int>(blockIdx.x) * kAttentionTile, query = begin + row;
  float* own_weights = weights + row * RowFloats(kAttentionTile);
  LoadTile(queries, qkv + place.query, s.stride, begin, s.length, s.width, s.scale);

  // Documents never begin earlier for later queries: none of the block sees a key before the first
  // query's.
  const int first_key = FirstKeyOf(s, blockIdx.z, query);
  const int first_tile = FirstKeyOf(s, blockIdx.z, begin) / kAttentionTile * kAttentionTile;
  float largest = -kInfinity, sum = 0, sums[kColumns] = {};
  for (int first = first_tile; first <= begin; first += kAttentionTile) {
    // 2. The next tile of keys and values.
    __syncthreads();
    LoadTile(keys, qkv + place.key, s.stride, first, s.length, s.width, 1);
    LoadTile(values, qkv + place.value, s.stride, first, s.length, s.width, 1);
    __syncthreads();

    // 3. This part's scores, and the largest of the row.
    float scores[kRowScores], tile_largest = largest;
    for (int j = 0; j < kRowScores; ++j) {
      const int k = part + kParts * j, key = first + k;
      scores[j] = key > query || key < first_key
                      ? -kInfinity
                      : DotOfRows(queries + row * RowFloats(s.width), keys + k * RowFloats(s.width),
                                  s.width);
      tile_largest = fmaxf(tile_largest, scores[j]);
    }
    tile_largest = OverParts(tile_largest, Larger());

    // 4. Weights relative to it; what was summed before shrinks.
    const float reference = ReferenceOf(tile_largest);
    const float shrink = expf(largest - reference);
    float tile_sum = 0;
    for (int j = 0; j < kRowScores; ++j) {
      const float weight = expf(scores[j] - reference);
      own_weights[part + kParts * j] = weight;
      tile_sum += weight;
    }
    sum = sum * shrink + OverParts(tile_sum, Plus());
    largest = tile_largest;
    for (int i = 0; i < kColumns; ++i) sums[i] *= shrink;
    __syncwarp();
    AddRows(sums, own_weights, values, part, s.width);
  }

  // 5. Out.
  if (query >= s.length) return;
  StoreRow(out + place.out + query * s.out_stride, sums, 1 / sum, part, s.width);
  if (part == 0) log_sum_exp[place.log_sum_exp + query] = largest + logf(sum);
}

}  // namespace

void CudaBackend::DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                                     const AttentionShape& shape, ConstTensor starts) {
  // cuDNN's graph is made for a shape, and where documents begin differs from batch to batch.
  const bool asks_cudnn = cudnn_attention_ && starts.empty();
  if (asks_cudnn && cudnn_attention_->Forward(out, log_sum_exp, qkv, shape)) return;
  const AttentionSizes sizes = AttentionSizesOf(shape, starts);
  if (FitsAttentionTensors(shape, {out, qkv})) {
    return AttendOnTensorCores(out, log_sum_exp, qkv, shape, sizes, stream_);
  }
  const int64_t floats =
      3 * kAttentionTile * RowFloats(sizes.width) + kAttentionTile * RowFloats(kAttentionTile);
  WithElement(out.type(), [&](auto element) {
    WithColumns(shape.head_width, [&](auto columns) {
      using T = decltype(element);
      Launch(ForwardKernel<T, decltype(columns)::value>,
             Grid(CeilDiv(shape.length, kAttentionTile), shape.heads, shape.sequences),
             kAttentionThreads, static_cast<size_t>(floats) * sizeof(float), stream_,
             Elements<T>(out), log_sum_exp.floats(), Elements<T>(qkv), sizes);
    });
  });
}

}  // namespace upcycle
