#include "experiments/run/moe_block.h"

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
            {PartKind::kFeedForwardNormBias, layer}, parameters) {
  const int64_t hidden = architecture.ExpertWidth();
  parameters.Declare(&router_, {moe_.Experts(), model_.width}, {{PartKind::kRouter, layer}});
  parameters.Declare(&in_, {moe_.Experts(), ActivationInputs(activation_, hidden), model_.width},
                     InnerParts(architecture, layer));
  parameters.Declare(&down_, {moe_.Experts(), model_.width, hidden},
                     ExpertParts(architecture, layer, {PartKind::kExpertDown}));
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
  add(&routing_.probabilities, {tokens, experts});
  add(&routing_.log_sum_exp, {tokens});
  add(&routing_.expert, {tokens, moe_.top_k}, DataType::kInt32);
  add(&routing_.weight, {tokens, moe_.top_k});
  add(&dispatch_.counts, {experts}, DataType::kInt32);
  add(&dispatch_.offsets, {experts}, DataType::kInt32);
  add(&dispatch_.row_of, {tokens, moe_.top_k}, DataType::kInt32);
  add(&dispatch_.assignment_of, {rows}, DataType::kInt32);
  add(&row_weight_, {rows});
  keep(&normed_, Recompute::kCheap, {tokens, model_.width});
  keep(&rows_, Recompute::kCheap, {rows, model_.width});
  keep(&inner_, Recompute::kMlp, {rows, ActivationInputs(activation_, hidden)});
  keep(&hidden_, Recompute::kCheap, {rows, hidden});
  if (!build.trains()) return;

  const BalanceScope scope = moe_.router.balance_scope;
  const int64_t spans = scope == BalanceScope::kSequence ? build.limits.sequences : 1;
  if (scope == BalanceScope::kGlobal) {
    add(&batch_expert_, {build.limits.micro_batches * tokens, moe_.top_k}, DataType::kInt32);
  }
  add(&balance_counts_, {spans, experts}, DataType::kInt32);
  add(&balance_gradient_, {spans, experts});
}

Routing MoeBlock::RoutingFor(int64_t tokens) const {
  return {routing_.probabilities.Slice(0, tokens), routing_.log_sum_exp.Slice(0, tokens),
          routing_.expert.Slice(0, tokens), routing_.weight.Slice(0, tokens)};
}

MoeBlock::Saved MoeBlock::SavedFor(int64_t tokens, const Workspace& workspace) const {
  const SharedActivations& shared = workspace.shared;
  const int64_t rows = layout_.rows, hidden = architecture_.ExpertWidth();
  return {CutOwn(normed_, shared.normed, {tokens, model_.width}),
          CutOwn(rows_, shared.rows, {rows, model_.width}),
          CutOwn(inner_, shared.inner, {rows, ActivationInputs(activation_, hidden)}),
          CutOwn(hidden_, shared.hidden, {rows, hidden}),
          row_weight_.Slice(0, rows),
          RoutingFor(tokens),
          {dispatch_.counts, dispatch_.offsets, dispatch_.row_of.Slice(0, tokens),
           dispatch_.assignment_of.Slice(0, rows), layout_.path}};
}

void MoeBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
                       const Workspace& workspace) {
  const int64_t n = tokens_ = rules.tokens;
  layout_ = LayoutOf(architecture_, build_, rules.capacity_factor, n);
  const Saved saved = SavedFor(n, workspace);
  const Tensor logits = workspace.logits.Slice(0, n);
  norm_.Forward(backend, saved.normed, x);
  backend.MatMul(logits, saved.normed, Transpose::kNo, router_.value, Transpose::kYes);
  backend.RouterForward(saved.routing, logits, moe_.router.order);
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
}

void MoeBlock::ComputeAgain(Backend& backend, const Saved& saved, ConstTensor x) {
  if (normed_.empty()) norm_.Forward(backend, saved.normed, x);
  if (rows_.empty()) backend.GatherRows(saved.rows, saved.normed, saved.dispatch);
  if (inner_.empty()) backend.ExpertMatMul(saved.inner, saved.rows, in_.value, saved.dispatch);
  if (hidden_.empty()) {
    backend.ActivationForward(saved.hidden, saved.inner, saved.row_weight, activation_);
  }
}

void MoeBlock::KeepAssignments(Backend& backend, const RoutingRules& rules) {
  if (moe_.router.balance_scope != BalanceScope::kGlobal) return;
  backend.Copy(batch_expert_.Slice(rules.micro_batch * rules.tokens, rules.tokens),
               routing_.expert.Slice(0, rules.tokens));
}

// With m tokens a span and s spans in the batch, every scope is the mean over spans of
// c·E/(T·m²) · Σ_i (Σ_t p_ti) n_i; the global scope has one span, of which this micro-batch holds a
// part.
void MoeBlock::RouterLosses(Backend& backend, Tensor balance, Tensor z, const RoutingRules& rules) {
  const RouterSettings& router = moe_.router;
  const int64_t n = rules.tokens;
  const Routing routing = RoutingFor(n);
  const double all_tokens = static_cast<double>(n * rules.micro_batches);

  int64_t spans = 1;  // of this micro-batch
  double span_tokens = static_cast<double>(n);
  if (router.balance_scope == BalanceScope::kSequence) {
    spans = rules.sequences;
    span_tokens = static_cast<double>(n / rules.sequences);
  } else if (router.balance_scope == BalanceScope::kGlobal) {
    span_tokens = all_tokens;
  }
  const Tensor counts = balance_counts_.Slice(0, spans);
  const bool global = router.balance_scope == BalanceScope::kGlobal;
  backend.CountAssignments(
      counts,
      global ? ConstTensor(batch_expert_.Slice(0, n * rules.micro_batches)) : routing.expert);

  const double spans_in_batch = all_tokens / span_tokens;
  const double factor =
      router.load_balance * static_cast<double>(moe_.Experts()) /
      (static_cast<double>(moe_.top_k) * span_tokens * span_tokens * spans_in_batch);
  backend.BalanceLoss(balance, balance_gradient_.Slice(0, spans), routing.probabilities, counts,
                      factor);
  backend.RouterZLoss(z, routing.log_sum_exp, router.z_loss / all_tokens);
}

void MoeBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                        const Workspace& workspace) {
  const int64_t n = rules.tokens;
  const Saved saved = SavedFor(n, workspace);
  const Tensor d_rows = workspace.rows.Slice(0, layout_.rows);
  const Tensor d_hidden = Cut(workspace.d_hidden, saved.hidden.shape());
  const Tensor d_inner = Cut(workspace.d_inner, saved.inner.shape());
  const Tensor d_row_weight = workspace.d_row_weight.Slice(0, layout_.rows);
  const Tensor d_weight = workspace.d_weight.Slice(0, n);
  const Tensor d_logits = workspace.d_logits.Slice(0, n);
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

  // Router: through the weights of the served assignments, and its own losses.
  const int64_t spans = moe_.router.balance_scope == BalanceScope::kSequence ? rules.sequences : 1;
  const double z_factor = moe_.router.z_loss / static_cast<double>(n * rules.micro_batches);
  backend.ScatterWeights(d_weight, d_row_weight, saved.dispatch);
  backend.RouterBackward(d_logits, saved.routing, d_weight, balance_gradient_.Slice(0, spans),
                         z_factor, moe_.router.order);
  backend.MatMul(router_.gradient, d_logits, Transpose::kYes, saved.normed, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_normed, d_logits, Transpose::kNo, router_.value, Transpose::kNo,
                 Accumulate::kYes);
  norm_.Backward(backend, d_x, d_normed, x);
}

void MoeBlock::CountLoad(Backend& backend, Tensor assigned, Tensor served) {
  backend.CountAssignments(assigned, routing_.expert.Slice(0, tokens_));
  backend.Copy(served, dispatch_.counts.Reshaped(served.shape()));
}

}  // namespace upcycle
