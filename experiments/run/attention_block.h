// x += W_o · Attention(RoPE(W_qkv · Norm(x))): the first half of a transformer layer.
#pragma once

#include "experiments/run/architecture.h"
#include "experiments/run/norm.h"
#include "experiments/run/parameters.h"
#include "experiments/run/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class AttentionBlock {
 public:
  AttentionBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const RopeTables& rope,
               const AttentionShape& shape, const Workspace& workspace);
  // d_x [n, D] holds the gradient of `out` and becomes the gradient of `x`. Where the layers share
  // what Forward leaves of attention, this layer's Forward was the last.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const RopeTables& rope,
                const AttentionShape& shape, const Workspace& workspace);

 private:
  // What the forward pass leaves for the backward pass, cut to the batch at hand.
  struct Saved {
    Tensor normed, fused, attended, log_sum_exp;
  };
  Saved SavedFor(const AttentionShape& shape, const Workspace& workspace) const;

  Norm norm_;
  Weight qkv_;     // [(H + 2K)·W, D]
  Weight output_;  // [D, H·W]
  // Empty where the layers share them.
  Tensor normed_;       // [n, D]
  Tensor fused_;        // [n, (H + 2K)·W] after RoPE
  Tensor attended_;     // [n, H·W]
  Tensor log_sum_exp_;  // [B·H·L]
};

}  // namespace upcycle
