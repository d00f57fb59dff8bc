// W_down · (weight · activation(W_in · x + b_up)) + b_down: the MLP that takes every token, of a
// dense layer or beside routed experts. Biases are there as the family has them.
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "experiments/model/passes.h"
#include "experiments/model/workspace.h"
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

  // row_weight [n] float32, empty for 1.
  void Forward(Backend& backend, const ForwardPass& pass, ConstTensor row_weight,
               const Workspace& workspace);
  // The last step of Forward once more, from what it left or what was computed again.
  void Output(Backend& backend, Tensor out, Accumulate accumulate, const Workspace& workspace);

  // What Forward left and the layers share, for the same `in`. Comes before Backward.
  void ComputeAgain(Backend& backend, ConstTensor in, ConstTensor row_weight,
                    const Workspace& workspace);
  // d_row_weight [n] unless empty.
  void Backward(Backend& backend, const BackwardPass& pass, Tensor d_row_weight,
                ConstTensor row_weight, const Workspace& workspace);

 private:
  // What the forward pass leaves for the backward pass, cut to the batch at hand.
  struct Saved {
    Tensor inner, hidden;
  };
  Saved SavedFor(int64_t tokens, const Workspace& workspace) const;
  void ComputeInner(Backend& backend, Tensor inner, ConstTensor in);

  Activation activation_;
  Weight in_;         // [2F, D] gate above up, or [F, D]
  Weight down_;       // [D, F]
  bool has_biases_;   // of these two, without a gate
  Weight up_bias_;    // [F]
  Weight down_bias_;  // [D]
  // Empty where the layers share them.
  Tensor inner_;   // [n, 2F or F]
  Tensor hidden_;  // [n, F]
};

}  // namespace upcycle
