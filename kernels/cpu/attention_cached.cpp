// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_cached.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/block_product-inl.h"
// clang-format on

#include "kernels/cpu/attention_cached.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// Rows fewer than these are multiplied by keys as they lie: to transpose a block costs about as
// much.
constexpr int64_t kFewRows = 4;

float Dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t n) {
  return SumLanes(n, [a, b](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

// scores [rows, 64] of `keys` keys.
void ScoreKeys(float* scores, const float* queries, ConstBlock key, float* transposed, int64_t rows,
               int64_t keys, int64_t width) {
  if (rows < kFewRows) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t k = 0; k < keys; ++k) {
        scores[row * kAttentionBlock + k] =
            Dot(queries + row * width, key.values + k * key.stride, width);
      }
    }
    return;
  }
  TransposeBlock({transposed, kAttentionBlock}, key, keys, width, 1);
  MultiplyBlocks({scores, kAttentionBlock}, {queries, width, 1}, {transposed, kAttentionBlock},
                 {.rows = rows, .columns = keys, .inner = width, .accumulate = false});
}

// scores [keys] of a query that sees the first `seen` of them become exp(score - largest), 0 for
// the rest; its sums [width] shrink to the new largest.
void ExpOfRow(float* scores, int64_t seen, int64_t keys, float* sums, int64_t width, float* largest,
              float* sum) {
  const float before = *largest;
  *largest = std::max(before, LargestOf(scores, seen));
  const float shrink = std::exp(before - *largest);
  *sum = *sum * shrink + ExpShifted(scores, seen, *largest);
  std::fill(scores + seen, scores + keys, 0.0f);
  if (shrink != 1) Scale(sums, width, shrink);
}

void AttendCached(const CachedQueries& at, float* scratch) {
  const int64_t rows = at.rows(), width = at.width;
  float* queries = scratch;
  float* sums = queries + rows * width;
  float* scores = sums + rows * width;
  float* largest = scores + rows * kAttentionBlock;
  float* sum = largest + rows;
  float* transposed = sum + rows;
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  for (int64_t row = 0; row < rows; ++row) {
    const float* query = at.query + row / at.group * at.stride + row % at.group * width;
    std::copy_n(query, width, queries + row * width);
  }
  Scale(queries, rows * width, scale);
  std::fill_n(sums, rows * width, 0.0f);
  std::fill_n(largest, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, rows, 0.0f);

  for (int64_t first = 0; first < at.keys(); first += kAttentionBlock) {
    const int64_t keys = std::min(kAttentionBlock, at.keys() - first);
    const ConstBlock key = {at.key + first * at.cache_stride, at.cache_stride};
    const ConstBlock value = {at.value + first * at.cache_stride, at.cache_stride};
    ScoreKeys(scores, queries, key, transposed, rows, keys, width);
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t seen = std::clamp<int64_t>(at.KeysOfRow(row) - first, 0, keys);
      float* own = scores + row * kAttentionBlock;
      if (seen == 0) {
        std::fill_n(own, keys, 0.0f);
        continue;
      }
      ExpOfRow(own, seen, keys, sums + row * width, width, largest + row, sum + row);
    }
    MultiplyBlocks({sums, width}, {scores, kAttentionBlock, 1}, value,
                   {.rows = rows, .columns = width, .inner = keys, .accumulate = true});
  }
  for (int64_t row = 0; row < rows; ++row) {
    Scale(sums + row * width, width, 1 / sum[row]);
    std::copy_n(sums + row * width, width,
                at.out + row / at.group * at.out_stride + row % at.group * width);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

// A place outside the cache would be a read or a write outside our memory.
void CheckPlaces(const SequencePlaces& places, ConstTensor cache, const AttentionShape& shape) {
  for (int64_t b = 0; b < shape.sequences; ++b) {
    const int64_t slot = places.slots.ints()[b];
    const int64_t past = places.past.ints()[b], added = places.added.ints()[b];
    UPCYCLE_CHECK(slot >= 0 && slot < cache.dim(0));
    UPCYCLE_CHECK(past >= 0 && added >= 0 && added <= shape.length);
    UPCYCLE_CHECK(past + added <= cache.dim(1));
  }
}

}  // namespace

HWY_EXPORT(AttendCached);

void CpuBackend::DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                                  const AttentionShape& shape) {
  CheckPlaces(places, cache, shape);
  const int64_t width = cache.dim(2), capacity = cache.dim(1);
  pool_.ParallelRanges(shape.tokens(), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t b = t / shape.length, i = t % shape.length;
      if (i >= places.added.ints()[b]) continue;
      const int64_t row = places.slots.ints()[b] * capacity + places.past.ints()[b] + i;
      std::memcpy(cache.floats() + row * width,
                  qkv.floats() + t * shape.fused_width() + shape.query_width(),
                  static_cast<size_t>(width) * sizeof(float));
    }
  });
}

void CpuBackend::DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                                   const SequencePlaces& places, const AttentionShape& shape) {
  CheckPlaces(places, cache, shape);
  const int64_t group = shape.heads / shape.kv_heads, width = shape.head_width;
  const int64_t most_tokens = std::max<int64_t>(1, kCachedRows / group);
  const int64_t blocks = (shape.length + most_tokens - 1) / most_tokens;
  scratch_.Reserve(CachedScratchFloats(std::min(most_tokens, shape.length) * group, width));
  pool_.ParallelFor(shape.sequences * shape.kv_heads * blocks, [&](int64_t task, int worker) {
    const int64_t head = task / blocks % shape.kv_heads, b = task / blocks / shape.kv_heads;
    const int64_t begin = task % blocks * most_tokens;
    const int64_t end = std::min(begin + most_tokens, shape.length);
    const int64_t added = std::clamp<int64_t>(places.added.ints()[b], begin, end);
    const int64_t token = b * shape.length + begin, column = head * group * width;
    float* rows = out.floats() + token * shape.query_width() + column;
    for (int64_t t = added - begin; t < end - begin; ++t) {
      std::fill_n(rows + t * shape.query_width(), group * width, 0.0f);
    }
    if (added == begin) return;
    const float* slot =
        cache.floats() + places.slots.ints()[b] * cache.dim(1) * cache.dim(2) + head * width;
    HWY_DYNAMIC_DISPATCH(AttendCached)
    ({.query = qkv.floats() + token * shape.fused_width() + column,
      .out = rows,
      .key = slot,
      .value = slot + shape.kv_heads * width,
      .stride = shape.fused_width(),
      .out_stride = shape.query_width(),
      .cache_stride = cache.dim(2),
      .width = width,
      .group = group,
      .tokens = added - begin,
      .first_place = places.past.ints()[b] + begin},
     scratch_.Of(worker));
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
