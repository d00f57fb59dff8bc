// An expert that takes every token beside the routed ones: an MLP as wide as the dense one
// (DeepSeekMoE, arXiv 2401.06066), its output as it is or times sigmoid(w · x) (Qwen1.5-MoE).
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/mlp.h"
#include "experiments/model/parameters.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class SharedExpertBlock {
 public:
  SharedExpertBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] += the expert's output for x [n, D].
  void Forward(Backend& backend, Tensor out, ConstTensor x, const Workspace& workspace);
  // d_x [n, D] += the gradient by x, where d_out [n, D] is that of `out`.
  void Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                const Workspace& workspace);

 private:
  // A sigmoid is a router with one expert to choose from.
  Routing GateFor(int64_t tokens) const;
  // [n], or empty without a gate.
  ConstTensor RowWeights(int64_t tokens) const;

  bool gated_;
  Mlp mlp_;
  Weight gate_;  // [1, D]
  Routing routing_;
};

}  // namespace upcycle
