// How attention's tensors lie in memory, as a library wants it said: four sizes and strides.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "kernels/backend.h"

namespace upcycle {

// Element [b, h, l, w], of a sequence, head, token and place in the head, lies at
// offset + b·strides[0] + h·strides[1] + l·strides[2] + w·strides[3], all counted in elements.
struct HeadsLayout {
  std::array<int64_t, 4> sizes;
  std::array<int64_t, 4> strides;
  int64_t offset;
};

struct AttentionLayout {
  HeadsLayout query, key, value;  // of qkv [n, (H + 2K)·W], or its gradient
  HeadsLayout out;                // of out [n, H·W], or its gradient
  HeadsLayout log_sum_exp;        // of log_sum_exp [B, H, L], as [B, H, L, 1]
};

AttentionLayout AttentionLayoutOf(const AttentionShape& shape);

// Whether cuDNN is asked for this call at all, given the tensors of the activation type: bfloat16
// at addresses of whole 16 bytes, heads of up to 128 elements in packs of 8, and whole tiles of
// 64 tokens: every shape needs a plan of its own, and evaluations have prompts of any length.
bool FitsCudnn(const AttentionShape& shape, std::initializer_list<ConstTensor> tensors);

}  // namespace upcycle
