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

void DenseBlock::Plan(BufferPlan& plan, const Architecture& architecture, int64_t tokens) {
  const int64_t hidden = architecture.model.ffn_width;
  const auto add = [&](Tensor* tensor, Shape extents) {
    plan.Add(tensor, MemoryCategory::kActivations, DataType::kFloat32, extents);
  };
  norm_.Plan(plan, tokens);
  add(&normed_, {tokens, architecture.model.width});
  add(&inner_, {tokens, ActivationInputs(activation_, hidden)});
  add(&hidden_, {tokens, hidden});
}

void DenseBlock::Forward(Backend& backend, Tensor out, ConstTensor x) {
  const int64_t n = x.dim(0);
  const Tensor normed = normed_.Slice(0, n);
  const Tensor inner = inner_.Slice(0, n);
  const Tensor hidden = hidden_.Slice(0, n);
  norm_.Forward(backend, normed, x);
  backend.MatMul(inner, normed, Transpose::kNo, in_.value, Transpose::kYes);
  backend.ActivationForward(hidden, inner, {}, activation_);
  backend.Copy(out, x);
  backend.MatMul(out, hidden, Transpose::kNo, down_.value, Transpose::kYes, Accumulate::kYes);
}

void DenseBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const Workspace& workspace) {
  const int64_t n = x.dim(0);
  const Tensor normed = normed_.Slice(0, n);
  const Tensor inner = inner_.Slice(0, n);
  const Tensor hidden = hidden_.Slice(0, n);
  const Tensor d_hidden = workspace.d_hidden.Slice(0, hidden.size()).Reshaped(hidden.shape());
  const Tensor d_inner = workspace.d_inner.Slice(0, inner.size()).Reshaped(inner.shape());
  const Tensor d_normed = workspace.d_normed.Slice(0, n);

  backend.MatMul(down_.gradient, d_x, Transpose::kYes, hidden, Transpose::kNo, Accumulate::kYes);
  backend.MatMul(d_hidden, d_x, Transpose::kNo, down_.value, Transpose::kNo);
  backend.ActivationBackward(d_inner, {}, d_hidden, inner, {}, activation_);
  backend.MatMul(in_.gradient, d_inner, Transpose::kYes, normed, Transpose::kNo, Accumulate::kYes);
  backend.MatMul(d_normed, d_inner, Transpose::kNo, in_.value, Transpose::kNo);
  norm_.Backward(backend, d_x, d_normed, x);
}

}  // namespace upcycle
