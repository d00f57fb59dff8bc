#include "experiments/model/residual_branch.h"

namespace upcycle {

ResidualBranch::ResidualBranch(const Architecture& architecture, Part weight, Part bias,
                               ModelParameters& parameters)
    : norm_(architecture, weight, bias, parameters),
      behind_(architecture.traits().residual == Residual::kAfter),
      width_(architecture.model.width) {}

// A norm is cheap to compute again, what f gives is a product.
void ResidualBranch::Plan(BufferPlan& plan, const ModelBuild& build) {
  norm_.Plan(plan, build);
  if (!build.Keeps(behind_ ? Recompute::kMlp : Recompute::kCheap)) return;
  plan.Add(&between_, MemoryCategory::kActivations, build.activation_type,
           {build.limits.tokens(), width_});
}

Tensor ResidualBranch::Between(int64_t tokens, const Workspace& workspace) const {
  return CutOwn(between_, workspace.shared.normed, {tokens, width_});
}

ForwardPass ResidualBranch::Enter(Backend& backend, Tensor out, ConstTensor residual, ConstTensor x,
                                  const Workspace& workspace) {
  const Tensor between = Between(x.dim(0), workspace);
  if (behind_) return {between, Accumulate::kNo, x};
  norm_.Forward(backend, between, x);
  backend.Copy(out, residual);
  return {out, Accumulate::kYes, between};
}

void ResidualBranch::Leave(Backend& backend, Tensor out, ConstTensor residual,
                           const Workspace& workspace) {
  if (!behind_) return;
  norm_.Forward(backend, out, Between(out.dim(0), workspace));
  backend.Add(out, residual);
}

ConstTensor ResidualBranch::Input(Backend& backend, ConstTensor x, const Workspace& workspace) {
  if (behind_) return x;
  const Tensor between = Between(x.dim(0), workspace);
  if (between_.empty()) norm_.Forward(backend, between, x);
  return between;
}

BackwardPass ResidualBranch::EnterBackward(Backend& backend, Tensor d_x, ConstTensor d_out,
                                           ConstTensor in, const Workspace& workspace) {
  const Tensor d_between = workspace.d_normed.Slice(0, in.dim(0));
  if (!behind_) return {d_between, Accumulate::kNo, d_out, in};
  backend.Zero(d_between);
  norm_.Backward(backend, d_between, d_out, Between(in.dim(0), workspace));
  return {d_x, Accumulate::kYes, d_between, in};
}

void ResidualBranch::LeaveBackward(Backend& backend, Tensor d_x, ConstTensor x,
                                   const Workspace& workspace) {
  if (behind_) return;
  norm_.Backward(backend, d_x, workspace.d_normed.Slice(0, x.dim(0)), x);
}

}  // namespace upcycle
