#include "experiments/run/dense_block.h"

namespace upcycle {
namespace {

std::vector<Part> InnerParts(const Architecture& architecture, int64_t layer) {
  if (!architecture.Gated()) return {{PartKind::kUp, layer}};
  return {{PartKind::kGate, layer}, {PartKind::kUp, layer}};
}

}  // namespace

DenseBlock::DenseBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : activation_(architecture.activation()),
      norm_(architecture, {PartKind::kFeedForwardNorm, layer},
            {PartKind::kFeedForwardNormBias, layer}, parameters) {
  const int64_t width = architecture.model.width;
  const int64_t hidden = architecture.model.ffn_width;
  parameters.Declare(&in_, {ActivationInputs(activation_, hidden), width},
                     InnerParts(architecture, layer));
  parameters.Declare(&down_, {width, hidden}, {{PartKind::kDown, layer}});
}

void DenseBlock::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  const int64_t tokens = build.limits.tokens(), hidden = architecture.model.ffn_width;
  const auto keep = [&](Tensor* tensor, Recompute level, Shape extents) {
    if (!build.Keeps(level)) return;
    plan.Add(tensor, MemoryCategory::kActivations, build.activation_type, extents);
  };
  norm_.Plan(plan, build);
  keep(&normed_, Recompute::kCheap, {tokens, architecture.model.width});
  keep(&inner_, Recompute::kMlp, {tokens, ActivationInputs(activation_, hidden)});
  keep(&hidden_, Recompute::kCheap, {tokens, hidden});
}

DenseBlock::Saved DenseBlock::SavedFor(int64_t tokens, const Workspace& workspace) const {
  const SharedActivations& shared = workspace.shared;
  const int64_t width = down_.value.dim(0), hidden = down_.value.dim(1);
  return {CutOwn(normed_, shared.normed, {tokens, width}),
          CutOwn(inner_, shared.inner, {tokens, ActivationInputs(activation_, hidden)}),
          CutOwn(hidden_, shared.hidden, {tokens, hidden})};
}

void DenseBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const Workspace& workspace) {
  const Saved saved = SavedFor(x.dim(0), workspace);
  norm_.Forward(backend, saved.normed, x);
  backend.MatMul(saved.inner, saved.normed, Transpose::kNo, in_.value, Transpose::kYes);
  backend.ActivationForward(saved.hidden, saved.inner, {}, activation_);
  backend.Copy(out, x);
  backend.MatMul(out, saved.hidden, Transpose::kNo, down_.value, Transpose::kYes, Accumulate::kYes);
}

void DenseBlock::ComputeAgain(Backend& backend, const Saved& saved, ConstTensor x) {
  if (normed_.empty()) norm_.Forward(backend, saved.normed, x);
  if (inner_.empty()) {
    backend.MatMul(saved.inner, saved.normed, Transpose::kNo, in_.value, Transpose::kYes);
  }
  if (hidden_.empty()) backend.ActivationForward(saved.hidden, saved.inner, {}, activation_);
}

void DenseBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const Workspace& workspace) {
  const Saved saved = SavedFor(x.dim(0), workspace);
  const Tensor d_hidden = Cut(workspace.d_hidden, saved.hidden.shape());
  const Tensor d_inner = Cut(workspace.d_inner, saved.inner.shape());
  const Tensor d_normed = workspace.d_normed.Slice(0, x.dim(0));

  ComputeAgain(backend, saved, x);
  backend.MatMul(down_.gradient, d_x, Transpose::kYes, saved.hidden, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_hidden, d_x, Transpose::kNo, down_.value, Transpose::kNo);
  backend.ActivationBackward(d_inner, {}, d_hidden, saved.inner, {}, activation_);
  backend.MatMul(in_.gradient, d_inner, Transpose::kYes, saved.normed, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_normed, d_inner, Transpose::kNo, in_.value, Transpose::kNo);
  norm_.Backward(backend, d_x, d_normed, x);
}

}  // namespace upcycle
