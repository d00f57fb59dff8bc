// Attention of sequences that go on from keys and values in a cache. A task takes some tokens of
// one sequence and the heads that share a key head: its rows of queries go over the keys once, 64
// at a time, each with a running softmax (kernels/cpu/attention.h). Rows may be few, down to one,
// so a vector's lanes are keys and elements, not queries.
#pragma once

#include <cstdint>

#include "kernels/cpu/attention.h"

namespace upcycle {

// Rows of queries that a task has at most, if a key head's heads are not more.
inline constexpr int64_t kCachedRows = 64;

// The queries of `tokens` tokens of a sequence from `begin` on, of the `group` heads of a key head.
// Row r is head r % group of token r / group.
struct CachedQueries {
  const float* query = nullptr;  // of row 0
  float* out = nullptr;          // of row 0
  const float* key = nullptr;    // of the slot's first token
  const float* value = nullptr;
  int64_t stride = 0;        // from token to token of queries
  int64_t out_stride = 0;    // and in out
  int64_t cache_stride = 0;  // and of keys and values
  int64_t width = 0;         // W
  int64_t group = 0;
  int64_t tokens = 0;
  int64_t first_place = 0;  // of row 0 in the slot

  int64_t rows() const { return tokens * group; }
  int64_t KeysOfRow(int64_t row) const { return first_place + row / group + 1; }
  int64_t keys() const { return first_place + tokens; }
};

// What a thread needs for `rows` rows: queries, sums, scores, the largest and the sum of each, and
// a block of keys transposed.
constexpr int64_t CachedScratchFloats(int64_t rows, int64_t width) {
  return rows * (2 * width + kAttentionBlock + 2) + kAttentionBlock * width;
}

}  // namespace upcycle
