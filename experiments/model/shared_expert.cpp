#include "experiments/model/shared_expert.h"

#include "experiments/model/exact_input.h"

namespace upcycle {
namespace {

const Scoring kGate(RoutingOrder::kSoftmaxThenTopk, RouterScore::kSigmoid);

}  // namespace

SharedExpertBlock::SharedExpertBlock(const Architecture& architecture, int64_t layer,
                                     ModelParameters& parameters)
    : gated_(architecture.moe.shared_expert == SharedExpert::kGated),
      mlp_(architecture, layer, {PartKind::kSharedGate, PartKind::kSharedUp, PartKind::kSharedDown},
           parameters) {
  if (!gated_) return;
  parameters.Declare(&gate_, {1, architecture.model.width}, {{PartKind::kSharedWeight, layer}});
}

void SharedExpertBlock::Plan(BufferPlan& plan, const Architecture& architecture,
                             const ModelBuild& build) {
  mlp_.Plan(plan, architecture, build);
  if (!gated_) return;
  const int64_t tokens = build.limits.tokens();
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  add(&routing_.probabilities, {tokens, 1});
  add(&routing_.log_sum_exp, {tokens});
  add(&routing_.expert, {tokens, 1}, DataType::kInt32);
  add(&routing_.weight, {tokens, 1});
  add(&routing_.logits, {tokens, 1});
}

Routing SharedExpertBlock::GateFor(int64_t tokens) const {
  return {routing_.probabilities.Slice(0, tokens), routing_.log_sum_exp.Slice(0, tokens),
          routing_.expert.Slice(0, tokens), routing_.weight.Slice(0, tokens),
          routing_.logits.Slice(0, tokens)};
}

ConstTensor SharedExpertBlock::RowWeights(int64_t tokens) const {
  if (!gated_) return {};
  return routing_.weight.Slice(0, tokens).Reshaped({tokens});
}

void SharedExpertBlock::Forward(Backend& backend, Tensor out, ConstTensor x,
                                const Workspace& workspace) {
  const int64_t tokens = x.dim(0);
  if (gated_) {
    const Tensor logits = Cut(workspace.logits, {tokens, 1});
    backend.MatMul(logits, InFloat32(backend, x, workspace), Transpose::kNo, gate_.master,
                   Transpose::kYes);
    backend.RouterForward(GateFor(tokens), logits, kGate);
  }
  mlp_.Forward(backend, {out, Accumulate::kYes, x}, RowWeights(tokens), workspace);
}

void SharedExpertBlock::Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x,
                                 const Workspace& workspace) {
  const int64_t tokens = x.dim(0);
  const Tensor d_weight = gated_ ? Cut(workspace.d_weight, {tokens}) : Tensor();
  mlp_.ComputeAgain(backend, x, RowWeights(tokens), workspace);
  mlp_.Backward(backend, {d_x, Accumulate::kYes, d_out, x}, d_weight, RowWeights(tokens),
                workspace);
  if (!gated_) return;
  const Tensor d_logits = Cut(workspace.d_logits, {tokens, 1});
  backend.RouterBackward(d_logits, GateFor(tokens), d_weight.Reshaped({tokens, 1}), {}, 0, kGate);
  backend.MatMul(gate_.gradient, d_logits, Transpose::kYes, InFloat32(backend, x, workspace),
                 Transpose::kNo, Accumulate::kYes);
  AddInputGradient(backend, d_x, d_logits, gate_.master, workspace);
}

}  // namespace upcycle
