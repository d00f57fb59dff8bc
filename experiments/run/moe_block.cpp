#include "experiments/run/moe_block.h"

#include <algorithm>
#include <cmath>

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

int64_t ExpertCapacity(const MoeSettings& moe, CapacityFactor factor, int64_t tokens) {
  if (factor.dropless()) return tokens;
  const double even_share =
      static_cast<double>(tokens * moe.top_k) / static_cast<double>(moe.Experts());
  // A product that should be whole may come out a hair above it, and ceil would add a row.
  const double rows = std::ceil(even_share * *factor.factor - 1e-9);
  return static_cast<int64_t>(std::clamp(rows, 1.0, static_cast<double>(tokens)));
}

MoeBlock::MoeBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : model_(architecture.model),
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

void MoeBlock::Plan(BufferPlan& plan, int64_t sequences, int64_t tokens, int64_t micro_batches,
                    Purpose purpose) {
  const int64_t experts = moe_.Experts();
  const int64_t rows = tokens * moe_.top_k;
  const int64_t hidden = model_.ffn_width / moe_.granularity;
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  norm_.Plan(plan, tokens);
  add(&normed_, {tokens, model_.width});
  add(&logits_, {tokens, experts});
  add(&routing_.probabilities, {tokens, experts});
  add(&routing_.log_sum_exp, {tokens});
  add(&routing_.expert, {tokens, moe_.top_k}, DataType::kInt32);
  add(&routing_.weight, {tokens, moe_.top_k});
  add(&dispatch_.counts, {experts}, DataType::kInt32);
  add(&dispatch_.offsets, {experts}, DataType::kInt32);
  add(&dispatch_.row_of, {tokens, moe_.top_k}, DataType::kInt32);
  add(&dispatch_.assignment_of, {rows}, DataType::kInt32);
  add(&rows_, {rows, model_.width});
  add(&inner_, {rows, ActivationInputs(activation_, hidden)});
  add(&hidden_, {rows, hidden});
  add(&row_weight_, {rows});
  add(&load_, {1, experts}, DataType::kInt32);
  if (purpose == Purpose::kEvaluate) return;

  const BalanceScope scope = moe_.router.balance_scope;
  const int64_t spans = scope == BalanceScope::kSequence ? sequences : 1;
  if (scope == BalanceScope::kGlobal) {
    add(&batch_expert_, {micro_batches * tokens, moe_.top_k}, DataType::kInt32);
  }
  add(&balance_counts_, {spans, experts}, DataType::kInt32);
  add(&balance_gradient_, {spans, experts});
  add(&balance_loss_, {1});
  add(&z_loss_, {1});
}

Routing MoeBlock::RoutingFor(int64_t tokens) const {
  return {routing_.probabilities.Slice(0, tokens), routing_.log_sum_exp.Slice(0, tokens),
          routing_.expert.Slice(0, tokens), routing_.weight.Slice(0, tokens)};
}

MoeBlock::Saved MoeBlock::SavedFor(int64_t tokens) const {
  const int64_t rows = tokens * moe_.top_k;
  return {normed_.Slice(0, tokens),
          logits_.Slice(0, tokens),
          rows_.Slice(0, rows),
          inner_.Slice(0, rows),
          hidden_.Slice(0, rows),
          row_weight_.Slice(0, rows),
          RoutingFor(tokens),
          {dispatch_.counts, dispatch_.offsets, dispatch_.row_of.Slice(0, tokens),
           dispatch_.assignment_of.Slice(0, rows)}};
}

void MoeBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
                       const Workspace& workspace) {
  const int64_t n = tokens_ = rules.tokens;
  const Saved saved = SavedFor(n);
  norm_.Forward(backend, saved.normed, x);
  backend.MatMul(saved.logits, saved.normed, Transpose::kNo, router_.value, Transpose::kYes);
  backend.RouterForward(saved.routing, saved.logits, moe_.router.order);
  backend.PlanDispatch(saved.dispatch, saved.routing.expert, saved.routing.weight,
                       ExpertCapacity(moe_, rules.capacity_factor, n), moe_.drop_policy);

  const Tensor out_rows = workspace.rows.Slice(0, n * moe_.top_k);
  backend.GatherRows(saved.rows, saved.normed, saved.dispatch);
  backend.GatherWeights(saved.row_weight, saved.routing.weight, saved.dispatch);
  backend.ExpertMatMul(saved.inner, saved.rows, in_.value, saved.dispatch);
  backend.ActivationForward(saved.hidden, saved.inner, saved.row_weight, activation_);
  backend.ExpertMatMul(out_rows, saved.hidden, down_.value, saved.dispatch);
  backend.Copy(out, x);
  backend.CombineRows(out, out_rows, saved.dispatch, Accumulate::kYes);
}

void MoeBlock::KeepAssignments(Backend& backend, const RoutingRules& rules) {
  if (moe_.router.balance_scope != BalanceScope::kGlobal) return;
  backend.Copy(batch_expert_.Slice(rules.micro_batch * rules.tokens, rules.tokens),
               routing_.expert.Slice(0, rules.tokens));
}

// With m tokens a span and s spans in the batch, every scope is the mean over spans of
// c·E/(T·m²) · Σ_i (Σ_t p_ti) n_i; the global scope has one span, of which this micro-batch holds a
// part.
void MoeBlock::RouterLosses(Backend& backend, const RoutingRules& rules) {
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
  backend.BalanceLoss(balance_loss_, balance_gradient_.Slice(0, spans), routing.probabilities,
                      counts, factor);
  backend.RouterZLoss(z_loss_, routing.log_sum_exp, router.z_loss / all_tokens);
}

void MoeBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                        const Workspace& workspace) {
  const int64_t n = rules.tokens;
  const Saved saved = SavedFor(n);
  const int64_t rows = n * moe_.top_k;
  const Tensor d_rows = workspace.rows.Slice(0, rows);
  const Tensor d_hidden =
      workspace.d_hidden.Slice(0, saved.hidden.size()).Reshaped(saved.hidden.shape());
  const Tensor d_inner =
      workspace.d_inner.Slice(0, saved.inner.size()).Reshaped(saved.inner.shape());
  const Tensor d_row_weight = workspace.d_row_weight.Slice(0, rows);
  const Tensor d_weight = workspace.d_weight.Slice(0, n);
  const Tensor d_logits = workspace.d_logits.Slice(0, n);
  const Tensor d_normed = workspace.d_normed.Slice(0, n);

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

void MoeBlock::ReadLoad(Backend& backend, Load& load) {
  const int64_t experts = moe_.Experts();
  load.assigned.resize(static_cast<size_t>(experts));
  load.served.resize(static_cast<size_t>(experts));
  backend.CountAssignments(load_, routing_.expert.Slice(0, tokens_));
  backend.CopyToHost(Tensor(load.assigned.data(), {1, experts}), load_);
  backend.CopyToHost(Tensor(load.served.data(), {experts}), dispatch_.counts);
}

MoeBlock::Losses MoeBlock::ReadLosses(Backend& backend) {
  float balance = 0, z = 0;
  backend.CopyToHost(Tensor(&balance, {1}), balance_loss_);
  backend.CopyToHost(Tensor(&z, {1}), z_loss_);
  return {balance, z};
}

}  // namespace upcycle
