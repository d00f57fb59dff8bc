// x += W_down · activation(W_in · Norm(x)): the second half of a transformer layer without experts.
#pragma once

#include "experiments/run/architecture.h"
#include "experiments/run/norm.h"
#include "experiments/run/parameters.h"
#include "experiments/run/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class DenseBlock {
 public:
  DenseBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const Workspace& workspace);
  // d_x [n, D] holds the gradient of `out` and becomes the gradient of `x`.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const Workspace& workspace);

 private:
  // What the forward pass leaves for the backward pass, cut to the batch at hand.
  struct Saved {
    Tensor normed, inner, hidden;
  };
  Saved SavedFor(int64_t tokens, const Workspace& workspace) const;
  // Computes those of them again that the layers share.
  void ComputeAgain(Backend& backend, const Saved& saved, ConstTensor x);

  Activation activation_;
  Norm norm_;
  Weight in_;    // [2F, D] gate above up, or [F, D]
  Weight down_;  // [D, F]
  // Empty where the layers share them.
  Tensor normed_;  // [n, D]
  Tensor inner_;   // [n, 2F or F]
  Tensor hidden_;  // [n, F]
};

}  // namespace upcycle
