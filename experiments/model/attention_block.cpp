#include "experiments/model/attention_block.h"

namespace upcycle {

AttentionBlock::AttentionBlock(const Architecture& architecture, int64_t layer,
                               ModelParameters& parameters)
    : branch_(architecture, {PartKind::kAttentionNorm, layer},
              {PartKind::kAttentionNormBias, layer}, parameters),
      attention_(architecture, layer, parameters) {}

void AttentionBlock::Plan(BufferPlan& plan, const Architecture& architecture,
                          const ModelBuild& build) {
  branch_.Plan(plan, build);
  attention_.Plan(plan, architecture, build);
}

void AttentionBlock::Forward(Backend& backend, Tensor out, ConstTensor x,
                             const Positions& positions, const AttentionShape& shape,
                             const Workspace& workspace) {
  const ForwardPass pass = branch_.Enter(backend, out, x, x, workspace);
  attention_.Forward(backend, pass, positions, shape, workspace);
  branch_.Leave(backend, out, x, workspace);
}

void AttentionBlock::Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                              const Positions& positions, const AttentionShape& shape,
                              const Workspace& workspace) {
  const ConstTensor in = branch_.Input(backend, x, workspace);
  if (branch_.NeedsOutput()) {
    attention_.Output(backend, branch_.Between(shape.tokens(), workspace), Accumulate::kNo, shape,
                      workspace);
  }
  const BackwardPass pass = branch_.EnterBackward(backend, d_x, d_out, in, workspace);
  attention_.Backward(backend, pass, positions, shape, workspace);
  branch_.LeaveBackward(backend, d_x, x, workspace);
}

}  // namespace upcycle
