// The first half of a transformer layer: attention, its norm and its residual sum.
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/attention.h"
#include "experiments/model/parameters.h"
#include "experiments/model/residual_branch.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class AttentionBlock {
 public:
  AttentionBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const Positions& positions,
               const AttentionShape& shape, const Workspace& workspace);
  // d_x [n, D] += the gradient by x through the block, where d_out is that of `out` and may be d_x
  // itself. Where the layers share what Forward leaves of attention, this layer's Forward was the
  // last.
  void Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                const Positions& positions, const AttentionShape& shape,
                const Workspace& workspace);

 private:
  ResidualBranch branch_;
  Attention attention_;
};

}  // namespace upcycle
