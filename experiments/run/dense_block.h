// x += Mlp(Norm(x)): the second half of a transformer layer without experts.
#pragma once

#include "experiments/run/architecture.h"
#include "experiments/run/mlp.h"
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
  Norm norm_;
  Mlp mlp_;
  Tensor normed_;  // [n, D]; empty where the layers share it
};

}  // namespace upcycle
