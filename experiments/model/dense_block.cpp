#include "experiments/model/dense_block.h"

namespace upcycle {

DenseBlock::DenseBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : branch_(architecture, {PartKind::kFeedForwardNorm, layer},
              {PartKind::kFeedForwardNormBias, layer}, parameters),
      mlp_(architecture, layer, {PartKind::kGate, PartKind::kUp, PartKind::kDown}, parameters) {}

void DenseBlock::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  branch_.Plan(plan, build);
  mlp_.Plan(plan, architecture, build);
}

void DenseBlock::Forward(Backend& backend, Tensor out, ConstTensor residual, ConstTensor x,
                         const Workspace& workspace) {
  const ForwardPass pass = branch_.Enter(backend, out, residual, x, workspace);
  mlp_.Forward(backend, pass, {}, workspace);
  branch_.Leave(backend, out, residual, workspace);
}

void DenseBlock::Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                          const Workspace& workspace) {
  const ConstTensor in = branch_.Input(backend, x, workspace);
  mlp_.ComputeAgain(backend, in, {}, workspace);
  if (branch_.NeedsOutput()) {
    mlp_.Output(backend, branch_.Between(x.dim(0), workspace), Accumulate::kNo, workspace);
  }
  const BackwardPass pass = branch_.EnterBackward(backend, d_x, d_out, in, workspace);
  mlp_.Backward(backend, pass, {}, {}, workspace);
  branch_.LeaveBackward(backend, d_x, x, workspace);
}

}  // namespace upcycle
