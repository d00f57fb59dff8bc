#include "experiments/model/moe_block.h"

namespace upcycle {
namespace {

std::vector<Part> ExpertParts(const Architecture& architecture, int64_t layer,
                              std::initializer_list<PartKind> kinds) {
  std::vector<Part> parts;
  for (int64_t expert = 0; expert < architecture.moe.Experts(); ++expert) {
    for (PartKind kind : kinds) parts.push_back({kind, layer, expert});
  }
  return parts;
}

std::vector<Part> InnerParts(const Architecture& architecture, int64_t layer) {
  if (!architecture.Gated()) return ExpertParts(architecture, layer, {PartKind::kExpertUp});
  return ExpertParts(architecture, layer, {PartKind::kExpertGate, PartKind::kExpertUp});
}

}  // namespace

MoeBlock::MoeBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : architecture_(architecture),
      model_(architecture.model),
      moe_(architecture.moe),
      activation_(architecture.activation()),
      norm_(architecture, {PartKind::kFeedForwardNorm, layer},
            {PartKind::kFeedForwardNormBias, layer}, parameters),
      router_(architecture, layer, parameters) {
  const int64_t hidden = architecture.ExpertWidth();
  parameters.Declare(&in_, {moe_.Experts(), ActivationInputs(activation_, hidden), model_.width},
                     InnerParts(architecture, layer));
  parameters.Declare(&down_, {moe_.Experts(), model_.width, hidden},
                     ExpertParts(architecture, layer, {PartKind::kExpertDown}));
  if (moe_.shared_expert != SharedExpert::kNone) shared_.emplace(architecture, layer, parameters);
}

void MoeBlock::Plan(BufferPlan& plan, const ModelBuild& build) {
  build_ = build;
  const int64_t tokens = build.limits.tokens(), experts = moe_.Experts();
  const int64_t rows = MostExpertRows(architecture_, build), hidden = architecture_.ExpertWidth();
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  const auto keep = [&](Tensor* tensor, Recompute level, Shape extents) {
    if (build.Keeps(level)) add(tensor, extents, build.activation_type);
  };
  norm_.Plan(plan, build);
  router_.Plan(plan, build);
  add(&dispatch_.counts, {experts}, DataType::kInt32);
  add(&dispatch_.offsets, {experts}, DataType::kInt32);
  add(&dispatch_.row_of, {tokens, moe_.Assignments()}, DataType::kInt32);
  add(&dispatch_.assignment_of, {rows}, DataType::kInt32);
  add(&row_weight_, {rows});
  keep(&normed_, Recompute::kCheap, {tokens, model_.width});
  keep(&rows_, Recompute::kCheap, {rows, model_.width});
  keep(&inner_, Recompute::kMlp, {rows, ActivationInputs(activation_, hidden)});
  keep(&hidden_, Recompute::kCheap, {rows, hidden});
  if (shared_) shared_->Plan(plan, architecture_, build);
}

MoeBlock::Saved MoeBlock::SavedFor(int64_t tokens, const Workspace& workspace) const {
  const SharedActivations& shared = workspace.shared;
  const int64_t rows = layout_.rows, hidden = architecture_.ExpertWidth();
  return {CutOwn(normed_, shared.normed, {tokens, model_.width}),
          CutOwn(rows_, shared.rows, {rows, model_.width}),
          CutOwn(inner_, shared.inner, {rows, ActivationInputs(activation_, hidden)}),
          CutOwn(hidden_, shared.hidden, {rows, hidden}),
          row_weight_.Slice(0, rows),
          router_.Decision(tokens),
          {dispatch_.counts, dispatch_.offsets, dispatch_.row_of.Slice(0, tokens),
           dispatch_.assignment_of.Slice(0, rows), layout_.path}};
}

void MoeBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
                       const Workspace& workspace) {
  const int64_t n = tokens_ = rules.tokens;
  layout_ = LayoutOf(architecture_, build_, rules.capacity_factor, n);
  const Saved saved = SavedFor(n, workspace);
  norm_.Forward(backend, saved.normed, x);
  router_.Forward(backend, saved.normed, rules, workspace);
  backend.PlanDispatch(saved.dispatch, saved.routing.expert, saved.routing.weight, layout_.capacity,
                       moe_.drop_policy);

  const Tensor out_rows = workspace.rows.Slice(0, layout_.rows);
  backend.GatherRows(saved.rows, saved.normed, saved.dispatch);
  backend.GatherWeights(saved.row_weight, saved.routing.weight, saved.dispatch);
  backend.ExpertMatMul(saved.inner, saved.rows, in_.value, saved.dispatch);
  backend.ActivationForward(saved.hidden, saved.inner, saved.row_weight, activation_);
  backend.ExpertMatMul(out_rows, saved.hidden, down_.value, saved.dispatch);
  backend.Copy(out, x);
  backend.CombineRows(out, out_rows, saved.dispatch, Accumulate::kYes);
  if (shared_) shared_->Forward(backend, out, saved.normed, workspace);
}

void MoeBlock::ComputeAgain(Backend& backend, const Saved& saved, ConstTensor x) {
  if (normed_.empty()) norm_.Forward(backend, saved.normed, x);
  if (rows_.empty()) backend.GatherRows(saved.rows, saved.normed, saved.dispatch);
  if (inner_.empty()) backend.ExpertMatMul(saved.inner, saved.rows, in_.value, saved.dispatch);
  if (hidden_.empty()) {
    backend.ActivationForward(saved.hidden, saved.inner, saved.row_weight, activation_);
  }
}

void MoeBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                        const Workspace& workspace) {
  const int64_t n = rules.tokens;
  const Saved saved = SavedFor(n, workspace);
  const Tensor d_rows = workspace.rows.Slice(0, layout_.rows);
  const Tensor d_hidden = Cut(workspace.d_hidden, saved.hidden.shape());
  const Tensor d_inner = Cut(workspace.d_inner, saved.inner.shape());
  const Tensor d_row_weight = workspace.d_row_weight.Slice(0, layout_.rows);
  const Tensor d_normed = workspace.d_normed.Slice(0, n);

  ComputeAgain(backend, saved, x);
  // Experts: d_rows holds the gradient of their outputs, then of their inputs.
  backend.GatherRows(d_rows, d_x, saved.dispatch);
  backend.ExpertMatMulBackwardWeights(down_.gradient, d_rows, saved.hidden, saved.dispatch);
  backend.ExpertMatMulBackwardRows(d_hidden, d_rows, down_.value, saved.dispatch);
  backend.ActivationBackward(d_inner, d_row_weight, d_hidden, saved.inner, saved.row_weight,
                             activation_);
  backend.ExpertMatMulBackwardWeights(in_.gradient, d_inner, saved.rows, saved.dispatch);
  backend.ExpertMatMulBackwardRows(d_rows, d_inner, in_.value, saved.dispatch);
  backend.CombineRows(d_normed, d_rows, saved.dispatch);

  backend.ScatterWeights(workspace.d_weight.Slice(0, n), d_row_weight, saved.dispatch);
  router_.Backward(backend, d_normed, saved.normed, rules, workspace);
  if (shared_) shared_->Backward(backend, d_normed, d_x, saved.normed, workspace);
  norm_.Backward(backend, d_x, d_normed, x);
}

void MoeBlock::CountLoad(Backend& backend, Tensor assigned, Tensor served) {
  backend.Copy(served, dispatch_.counts.Reshaped(served.shape()));
  if (moe_.ExpertsChoose()) return backend.Copy(assigned, served);
  backend.CountAssignments(assigned, router_.Decision(tokens_).expert);
}

}  // namespace upcycle
