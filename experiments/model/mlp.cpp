#include "experiments/model/mlp.h"

#include <algorithm>

namespace upcycle {
namespace {

// A gate's bias would be one more part.
static_assert(std::ranges::none_of(EnumNames<Family>::values, [](const EnumName<Family>& family) {
  const FamilyTraits traits = TraitsOf(family.value);
  return traits.mlp_bias && IsGated(traits.activation);
}));

std::vector<Part> InnerParts(const Architecture& architecture, int64_t layer,
                             const Mlp::Kinds& kinds) {
  if (!architecture.Gated()) return {{kinds.up, layer}};
  return {{kinds.gate, layer}, {kinds.up, layer}};
}

}  // namespace

Mlp::Mlp(const Architecture& architecture, int64_t layer, const Kinds& kinds,
         ModelParameters& parameters)
    : activation_(architecture.activation()), has_biases_(architecture.traits().mlp_bias) {
  const int64_t width = architecture.model.width;
  const int64_t hidden = architecture.model.ffn_width;
  parameters.Declare(&in_, {ActivationInputs(activation_, hidden), width},
                     InnerParts(architecture, layer, kinds));
  parameters.Declare(&down_, {width, hidden}, {{kinds.down, layer}});
  if (!has_biases_) return;
  parameters.Declare(&up_bias_, {hidden}, {{PartKind::kUpBias, layer}});
  parameters.Declare(&down_bias_, {width}, {{PartKind::kDownBias, layer}});
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

void Mlp::ComputeInner(Backend& backend, Tensor inner, ConstTensor in) {
  backend.MatMul(inner, in, Transpose::kNo, in_.value, Transpose::kYes);
  if (has_biases_) backend.AddBias(inner, up_bias_.value);
}

void Mlp::Forward(Backend& backend, const ForwardPass& pass, ConstTensor row_weight,
                  const Workspace& workspace) {
  const Saved saved = SavedFor(pass.in.dim(0), workspace);
  ComputeInner(backend, saved.inner, pass.in);
  backend.ActivationForward(saved.hidden, saved.inner, row_weight, activation_);
  Output(backend, pass.out, pass.accumulate, workspace);
}

void Mlp::Output(Backend& backend, Tensor out, Accumulate accumulate, const Workspace& workspace) {
  backend.MatMul(out, SavedFor(out.dim(0), workspace).hidden, Transpose::kNo, down_.value,
                 Transpose::kYes, accumulate);
  if (has_biases_) backend.AddBias(out, down_bias_.value);
}

void Mlp::ComputeAgain(Backend& backend, ConstTensor in, ConstTensor row_weight,
                       const Workspace& workspace) {
  const Saved saved = SavedFor(in.dim(0), workspace);
  if (inner_.empty()) ComputeInner(backend, saved.inner, in);
  if (hidden_.empty()) {
    backend.ActivationForward(saved.hidden, saved.inner, row_weight, activation_);
  }
}

void Mlp::Backward(Backend& backend, const BackwardPass& pass, Tensor d_row_weight,
                   ConstTensor row_weight, const Workspace& workspace) {
  const Saved saved = SavedFor(pass.in.dim(0), workspace);
  const Tensor d_hidden = Cut(workspace.d_hidden, saved.hidden.shape());
  const Tensor d_inner = Cut(workspace.d_inner, saved.inner.shape());
  if (has_biases_) backend.BiasBackward(down_bias_.gradient, pass.d_out);
  backend.MatMul(down_.gradient, pass.d_out, Transpose::kYes, saved.hidden, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_hidden, pass.d_out, Transpose::kNo, down_.value, Transpose::kNo);
  backend.ActivationBackward(d_inner, d_row_weight, d_hidden, saved.inner, row_weight, activation_);
  if (has_biases_) backend.BiasBackward(up_bias_.gradient, d_inner);
  backend.MatMul(in_.gradient, d_inner, Transpose::kYes, pass.in, Transpose::kNo, Accumulate::kYes);
  backend.MatMul(pass.d_in, d_inner, Transpose::kNo, in_.value, Transpose::kNo, pass.accumulate);
}

}  // namespace upcycle
