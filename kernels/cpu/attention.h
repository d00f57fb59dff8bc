// Attention in blocks of queries and keys, so that a thread holds one block of scores and never
// the whole matrix (Dao et al., "FlashAttention", 2022; the running softmax is Milakov and
// Gimelshein's, 2018).
//
// Scores are held transposed, [keys, queries]: a vector's lanes are queries, so that the largest
// score, the sum and the mask of each query need no step across lanes; and each of the seven
// products of a block finds its right factor in rows.
#pragma once

#include <cstdint>

#include "kernels/backend.h"

namespace upcycle {

// Queries of a block and keys of a block.
inline constexpr int64_t kAttentionBlock = 64;

// On the diagonal, where half of the scores are masked, a block is treated in strips of this many,
// each up to where its last query reaches.
inline constexpr int64_t kAttentionStrip = 16;

inline constexpr int64_t kScoreFloats = kAttentionBlock * kAttentionBlock;

// What a thread needs: scores and their gradients, and the transposes of a block of queries and of
// their outputs' gradients.
constexpr int64_t AttentionScratchFloats(int64_t head_width) {
  return 2 * kScoreFloats + 2 * kAttentionBlock * head_width;
}

// The queries [begin, begin + count) of one sequence and one query head, and where they, their keys
// and their outputs lie.
struct QueryBlock {
  // `starts` as in backend.h, null where there are none.
  QueryBlock(const AttentionShape& shape, const int32_t* starts, int64_t sequence, int64_t head,
             int64_t first)
      : begin(first),
        count(shape.length - first < kAttentionBlock ? shape.length - first : kAttentionBlock),
        width(shape.head_width),
        stride(shape.fused_width()),
        out_stride(shape.query_width()) {
    const int64_t kv_head = head * shape.kv_heads / shape.heads;
    const int64_t row = sequence * shape.length;
    query = (row + begin) * stride + head * width;
    key = row * stride + (shape.heads + kv_head) * width;
    value = key + shape.kv_heads * width;
    out = (row + begin) * out_stride + head * width;
    log_sum_exp = (sequence * shape.heads + head) * shape.length + begin;
    if (starts != nullptr) own_starts = starts + row + begin;
  }

  // The first block of keys that any of these queries sees. Documents never begin earlier for later
  // queries.
  int64_t FirstKeyBlock() const {
    return own_starts == nullptr ? 0 : own_starts[0] / kAttentionBlock * kAttentionBlock;
  }
  // Whether a query's document begins behind the key at `first`.
  bool BeginsBehind(int64_t first) const {
    return own_starts != nullptr && own_starts[count - 1] > first;
  }

  int64_t begin;
  int64_t count;
  int64_t width;
  int64_t stride;      // from token to token in qkv
  int64_t out_stride;  // and in out
  // Offsets of the block's first query and output, and of the sequence's first key and value.
  int64_t query;
  int64_t key;
  int64_t value;
  int64_t out;
  int64_t log_sum_exp;
  const int32_t* own_starts = nullptr;  // [count]
};

}  // namespace upcycle
