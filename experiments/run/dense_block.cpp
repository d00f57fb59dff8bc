#include "experiments/run/dense_block.h"

namespace upcycle {

DenseBlock::DenseBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : norm_(architecture, {PartKind::kFeedForwardNorm, layer},
            {PartKind::kFeedForwardNormBias, layer}, parameters),
      mlp_(architecture, layer, {PartKind::kGate, PartKind::kUp, PartKind::kDown}, parameters) {}

void DenseBlock::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  norm_.Plan(plan, build);
  if (build.Keeps(Recompute::kCheap)) {
    plan.Add(&normed_, MemoryCategory::kActivations, build.activation_type,
             {build.limits.tokens(), architecture.model.width});
  }
  mlp_.Plan(plan, architecture, build);
}

void DenseBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const Workspace& workspace) {
  const Tensor normed = CutOwn(normed_, workspace.shared.normed, x.shape());
  norm_.Forward(backend, normed, x);
  backend.Copy(out, x);
  mlp_.Forward(backend, out, normed, {}, workspace);
}

void DenseBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const Workspace& workspace) {
  const Tensor normed = CutOwn(normed_, workspace.shared.normed, x.shape());
  const Tensor d_normed = workspace.d_normed.Slice(0, x.dim(0));
  if (normed_.empty()) norm_.Forward(backend, normed, x);
  mlp_.Backward(backend, d_normed, {}, d_x, normed, {}, Accumulate::kNo, workspace);
  norm_.Backward(backend, d_x, d_normed, x);
}

}  // namespace upcycle
