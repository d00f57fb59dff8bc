// W_down · (weight · activation(W_in · x)): the MLP that takes every token, of a dense layer or
// beside routed experts.
#pragma once

#include "experiments/run/architecture.h"
#include "experiments/run/parameters.h"
#include "experiments/run/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class Mlp {
 public:
  // How its matrices are called; no gate where the activation has none.
  struct Kinds {
    PartKind gate, up, down;
  };
  Mlp(const Architecture& architecture, int64_t layer, const Kinds& kinds,
      ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] += the MLP of x [n, D]; row_weight [n] float32, empty for 1.
  void Forward(Backend& backend, Tensor out, ConstTensor x, ConstTensor row_weight,
               const Workspace& workspace);
  // d_x [n, D] (+)= the gradient by x, where d_out is that of `out`; d_row_weight [n] unless empty.
  // Computes again what the layers share.
  void Backward(Backend& backend, Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                ConstTensor row_weight, Accumulate accumulate, const Workspace& workspace);

 private:
  // What the forward pass leaves for the backward pass, cut to the batch at hand.
  struct Saved {
    Tensor inner, hidden;
  };
  Saved SavedFor(int64_t tokens, const Workspace& workspace) const;

  Activation activation_;
  Weight in_;    // [2F, D] gate above up, or [F, D]
  Weight down_;  // [D, F]
  // Empty where the layers share them.
  Tensor inner_;   // [n, 2F or F]
  Tensor hidden_;  // [n, F]
};

}  // namespace upcycle
