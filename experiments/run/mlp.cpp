#include "experiments/run/mlp.h"

namespace upcycle {
namespace {

std::vector<Part> InnerParts(const Architecture& architecture, int64_t layer,
                             const Mlp::Kinds& kinds) {
  if (!architecture.Gated()) return {{kinds.up, layer}};
  return {{kinds.gate, layer}, {kinds.up, layer}};
}

}  // namespace

Mlp::Mlp(const Architecture& architecture, int64_t layer, const Kinds& kinds,
         ModelParameters& parameters)
    : activation_(architecture.activation()) {
  const int64_t width = architecture.model.width;
  const int64_t hidden = architecture.model.ffn_width;
  parameters.Declare(&in_, {ActivationInputs(activation_, hidden), width},
                     InnerParts(architecture, layer, kinds));
  parameters.Declare(&down_, {width, hidden}, {{kinds.down, layer}});
}

void Mlp::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  const int64_t tokens = build.limits.tokens(), hidden = architecture.model.ffn_width;
  const auto keep = [&](Tensor* tensor, Recompute level, Shape extents) {
    if (!build.Keeps(level)) return;
    plan.Add(tensor, MemoryCategory::kActivations, build.activation_type, extents);
  };
  keep(&inner_, Recompute::kMlp, {tokens, ActivationInputs(activation_, hidden)});
  keep(&hidden_, Recompute::kCheap, {tokens, hidden});
}

Mlp::Saved Mlp::SavedFor(int64_t tokens, const Workspace& workspace) const {
  const int64_t hidden = down_.value.dim(1);
  return {CutOwn(inner_, workspace.shared.inner, {tokens, ActivationInputs(activation_, hidden)}),
          CutOwn(hidden_, workspace.shared.hidden, {tokens, hidden})};
}

void Mlp::Forward(Backend& backend, Tensor out, ConstTensor x, ConstTensor row_weight,
                  const Workspace& workspace) {
  const Saved saved = SavedFor(x.dim(0), workspace);
  backend.MatMul(saved.inner, x, Transpose::kNo, in_.value, Transpose::kYes);
  backend.ActivationForward(saved.hidden, saved.inner, row_weight, activation_);
  backend.MatMul(out, saved.hidden, Transpose::kNo, down_.value, Transpose::kYes, Accumulate::kYes);
}

void Mlp::Backward(Backend& backend, Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                   ConstTensor x, ConstTensor row_weight, Accumulate accumulate,
                   const Workspace& workspace) {
  const Saved saved = SavedFor(x.dim(0), workspace);
  const Tensor d_hidden = Cut(workspace.d_hidden, saved.hidden.shape());
  const Tensor d_inner = Cut(workspace.d_inner, saved.inner.shape());
  if (inner_.empty()) {
    backend.MatMul(saved.inner, x, Transpose::kNo, in_.value, Transpose::kYes);
  }
  if (hidden_.empty()) {
    backend.ActivationForward(saved.hidden, saved.inner, row_weight, activation_);
  }
  backend.MatMul(down_.gradient, d_out, Transpose::kYes, saved.hidden, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_hidden, d_out, Transpose::kNo, down_.value, Transpose::kNo);
  backend.ActivationBackward(d_inner, d_row_weight, d_hidden, saved.inner, row_weight, activation_);
  backend.MatMul(in_.gradient, d_inner, Transpose::kYes, x, Transpose::kNo, Accumulate::kYes);
  backend.MatMul(d_x, d_inner, Transpose::kNo, in_.value, Transpose::kNo, accumulate);
}

}  // namespace upcycle
