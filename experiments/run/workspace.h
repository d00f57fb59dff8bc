// Scratch that all layers share, because only one of them uses it at a time.
#pragma once

#include <cstdint>

#include "experiments/run/architecture.h"
#include "experiments/run/parameters.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// cos and sin of every position and frequency, [L, W/2].
struct RopeTables {
  Tensor cosines, sines;
};

// Cut to the rows in use. A model that only evaluates has `rows` alone.
struct Workspace {
  Tensor rows;          // [R, D] experts' outputs, and in the backward pass gradients of rows
  Tensor d_normed;      // [n, D]
  Tensor d_attended;    // [n, H·W]
  Tensor d_qkv;         // [n, (H + 2K)·W]
  Tensor d_hidden;      // [R, F]
  Tensor d_inner;       // [R, 2F or F], before the activation
  Tensor d_row_weight;  // [R], experts only
  Tensor d_weight;      // [n, T], experts only
  Tensor d_logits;      // [n, E], experts only

  // For micro-batches of `tokens`; R = tokens · T.
  void Plan(BufferPlan& plan, const Architecture& architecture, int64_t tokens, Purpose purpose);
};

}  // namespace upcycle
