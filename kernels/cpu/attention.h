// Attention in blocks: the queries of a block against the keys before them, some at a time, so that
// a thread holds a block of scores and never the whole matrix (Dao et al., "FlashAttention", 2022).
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "kernels/backend.h"

namespace upcycle {

inline constexpr int64_t kQueryBlock = 64;
inline constexpr int64_t kKeyBlock = 512;  // a multiple of kQueryBlock
inline constexpr int64_t kScoreFloats = kQueryBlock * kKeyBlock;

// What one thread needs: scores and their gradients.
inline constexpr int64_t kAttentionScratchFloats = 2 * kScoreFloats;

// The queries [begin, begin + count) of one sequence and one query head.
struct QueryBlock {
  int64_t sequence;
  int64_t head;
  int64_t begin;
  int64_t count;

  int64_t end() const { return begin + count; }
};

// Where the heads of one sequence lie in [q | k | v].
struct HeadView {
  HeadView(const AttentionShape& shape, int64_t sequence, int64_t head)
      : kv_head(head * shape.kv_heads / shape.heads),
        stride(shape.fused_width()),
        query(sequence * shape.length * stride + head * shape.head_width),
        key(sequence * shape.length * stride + (shape.heads + kv_head) * shape.head_width),
        value(key + shape.kv_heads * shape.head_width),
        out_stride(shape.query_width()),
        out(sequence * shape.length * out_stride + head * shape.head_width),
        log_sum_exp((sequence * shape.heads + head) * shape.length) {}

  int64_t kv_head;
  // Offsets of the first row, and what lies between rows.
  int64_t stride;
  int64_t query;
  int64_t key;
  int64_t value;
  int64_t out_stride;
  int64_t out;
  int64_t log_sum_exp;
};

}  // namespace upcycle
