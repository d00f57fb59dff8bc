#include "kernels/cuda/attention_layout.h"

namespace upcycle {
namespace {

// Heads that begin at a column of rows of this width, one row for each token.
HeadsLayout HeadsOfRows(const AttentionShape& shape, int64_t heads, int64_t row_width,
                        int64_t column) {
  return {.sizes = {shape.sequences, heads, shape.length, shape.head_width},
          .strides = {shape.length * row_width, shape.head_width, row_width, 1},
          .offset = column};
}

}  // namespace

AttentionLayout AttentionLayoutOf(const AttentionShape& shape) {
  const int64_t fused = shape.fused_width(), queries = shape.query_width();
  const int64_t keys = shape.kv_heads * shape.head_width;
  return {.query = HeadsOfRows(shape, shape.heads, fused, 0),
          .key = HeadsOfRows(shape, shape.kv_heads, fused, queries),
          .value = HeadsOfRows(shape, shape.kv_heads, fused, queries + keys),
          .out = HeadsOfRows(shape, shape.heads, queries, 0),
          .log_sum_exp = {.sizes = {shape.sequences, shape.heads, shape.length, 1},
                          .strides = {shape.heads * shape.length, shape.length, 1, 1},
                          .offset = 0}};
}

bool FitsCudnn(const AttentionShape& shape, std::initializer_list<ConstTensor> tensors) {
  constexpr int64_t kPack = 8, kWidest = 128, kTokens = 64;
  if (shape.head_width % kPack != 0 || shape.head_width > kWidest) return false;
  if (shape.length == 0 || shape.length % kTokens != 0 || shape.sequences == 0) return false;
  for (const ConstTensor& x : tensors) {
    if (x.type() != DataType::kBFloat16) return false;
    if (reinterpret_cast<uintptr_t>(x.memory()) % 16 != 0) return false;
  }
  return true;
}

}  // namespace upcycle
