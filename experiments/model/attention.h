// W_o · Attention(RoPE(Norm(W_qkv · x + b_qkv))) + b_o, where norm, rotation and biases are there
// as the family has them.
#pragma once

#include <optional>

#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "experiments/model/passes.h"
#include "experiments/model/query_norms.h"
#include "experiments/model/rope_tables.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class Attention {
 public:
  Attention(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  void Forward(Backend& backend, const ForwardPass& pass, const Positions& positions,
               const AttentionShape& shape, const Workspace& workspace);
  // The last step of Forward once more, from what it left.
  void Output(Backend& backend, Tensor out, Accumulate accumulate, const AttentionShape& shape,
              const Workspace& workspace);
  // Where the layers share what Forward leaves, this layer's Forward was the last.
  void Backward(Backend& backend, const BackwardPass& pass, const Positions& positions,
                const AttentionShape& shape, const Workspace& workspace);

 private:
  // What the forward pass leaves for the backward pass, cut to the batch at hand. `projected` is
  // `fused` itself where nothing normalises it.
  struct Saved {
    Tensor projected, fused, attended, log_sum_exp;
  };
  void Attend(Backend& backend, const Saved& saved, const Positions& positions,
              const AttentionShape& shape) const;
  Saved SavedFor(const AttentionShape& shape, const Workspace& workspace) const;

  int64_t layer_;
  FamilyTraits traits_;
  Weight qkv_;     // [(H + 2K)·W, D]
  Weight output_;  // [D, H·W]
  // As the family has them.
  Weight qkv_bias_;     // [(H + 2K)·W]
  Weight output_bias_;  // [D]
  std::optional<QueryNorms> norms_;
  // Empty where the layers share them.
  Tensor projected_;    // [n, (H + 2K)·W], before the norms of queries and keys
  Tensor fused_;        // [n, (H + 2K)·W] after RoPE
  Tensor attended_;     // [n, H·W]
  Tensor log_sum_exp_;  // [B·H·L]
};

}  // namespace upcycle
