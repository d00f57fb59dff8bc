// The second half of a transformer layer without experts: an MLP, its norm and its residual sum.
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/mlp.h"
#include "experiments/model/parameters.h"
#include "experiments/model/residual_branch.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class DenseBlock {
 public:
  DenseBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] = residual + the block's output for x.
  void Forward(Backend& backend, Tensor out, ConstTensor residual, ConstTensor x,
               const Workspace& workspace);
  // d_x [n, D] += the gradient by x through the block, where d_out is that of `out` and may be d_x
  // itself.
  void Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                const Workspace& workspace);

 private:
  ResidualBranch branch_;
  Mlp mlp_;
};

}  // namespace upcycle
