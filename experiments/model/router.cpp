#include "experiments/model/router.h"

#include "experiments/model/exact_input.h"

namespace upcycle {
namespace {

// One layer's key of [L, 2].
ConstTensor KeyOf(ConstTensor keys, int64_t layer) { return keys.Slice(layer, 1).Reshaped({2}); }

}  // namespace

Router::Router(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : moe_(architecture.moe), layer_(layer) {
  const auto declare = [&](Weight* weight, PartKind kind) {
    parameters.Declare(weight, PartShape({kind, layer}, architecture), {{kind, layer}});
  };
  declare(&router_, PartKind::kRouter);
  if (moe_.router.noise) declare(&noise_, PartKind::kRouterNoise);
  if (moe_.router.bias_rate > 0) declare(&bias_, PartKind::kRouterBias);
}

void Router::Plan(BufferPlan& plan, const ModelBuild& build) {
  const int64_t tokens = build.limits.tokens(), experts = moe_.Experts();
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  add(&routing_.probabilities, {tokens, experts});
  add(&routing_.log_sum_exp, {tokens});
  add(&routing_.expert, {tokens, moe_.Assignments()}, DataType::kInt32);
  add(&routing_.weight, {tokens, moe_.Assignments()});
  if (moe_.router.score == RouterScore::kSigmoid) add(&routing_.logits, {tokens, experts});
  if (moe_.router.normalize_logits > 0) {
    add(&rstd_, {tokens});
    if (build.trains()) add(&normalized_, {tokens, experts});
  }
  if (moe_.router.noise && build.trains()) add(&spread_, {tokens, experts});
  if (build.trains() && HasBalanceLoss()) PlanLosses(plan, build);
}

void Router::PlanLosses(BufferPlan& plan, const ModelBuild& build) {
  const BalanceScope scope = moe_.router.balance_scope;
  const int64_t spans = scope == BalanceScope::kSequence ? build.limits.sequences : 1;
  const auto add = [&](Tensor* tensor, Shape extents, DataType type) {
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  if (scope == BalanceScope::kGlobal) {
    add(&batch_expert_, {build.limits.micro_batches * build.limits.tokens(), moe_.top_k},
        DataType::kInt32);
  }
  add(&balance_counts_, {spans, moe_.Experts()}, DataType::kInt32);
  add(&balance_gradient_, {spans, moe_.Experts()}, DataType::kFloat32);
}

Routing Router::Decision(int64_t tokens) const {
  const bool keeps_logits = moe_.router.score == RouterScore::kSigmoid;
  return {routing_.probabilities.Slice(0, tokens), routing_.log_sum_exp.Slice(0, tokens),
          routing_.expert.Slice(0, tokens), routing_.weight.Slice(0, tokens),
          keeps_logits ? routing_.logits.Slice(0, tokens) : Tensor()};
}

ConstTensor Router::Input(Backend& backend, ConstTensor x, const RoutingRules& rules,
                          const Workspace& workspace) const {
  if (moe_.router.jitter == 0 || !rules.trains()) return InFloat32(backend, x, workspace);
  const Tensor input = workspace.exact.Slice(0, x.dim(0));
  backend.Convert(input, x);
  backend.Jitter(input, KeyOf(rules.jitter_keys, layer_), moe_.router.jitter);
  return input;
}

void Router::AddNoise(Backend& backend, Tensor logits, ConstTensor input,
                      const RoutingRules& rules) {
  const Tensor spread = spread_.Slice(0, logits.dim(0));
  backend.MatMul(spread, input, Transpose::kNo, noise_.master, Transpose::kYes);
  backend.AddRouterNoise(logits, spread, KeyOf(rules.noise_keys, layer_));
}

ExpertRanks Router::Ranks(Backend& backend, ConstTensor logits, const RoutingRules& rules,
                          const Workspace& workspace) const {
  if (moe_.router.choice == RouterChoice::kSinkhorn && rules.trains()) {
    const Tensor ranks = workspace.ranks.Slice(0, logits.dim(0));
    backend.SinkhornRanks(ranks, workspace.columns, logits, moe_.router.sinkhorn_rounds);
    return {.values = ranks};
  }
  if (moe_.router.bias_rate > 0) return {.bias = bias_.master};
  return {};
}

void Router::Forward(Backend& backend, ConstTensor x, const RoutingRules& rules,
                     const Workspace& workspace) {
  const int64_t n = x.dim(0);
  const Tensor logits = workspace.logits.Slice(0, n);
  const ConstTensor input = Input(backend, x, rules, workspace);
  backend.MatMul(logits, input, Transpose::kNo, router_.master, Transpose::kYes);
  if (moe_.router.normalize_logits > 0) {
    backend.NormalizeLogits(logits, rstd_.Slice(0, n), moe_.router.normalize_logits);
    if (rules.trains()) backend.Copy(normalized_.Slice(0, n), logits);
  }
  if (moe_.router.noise && rules.trains()) AddNoise(backend, logits, input, rules);
  backend.RouterForward(Decision(n), logits, scoring(), Ranks(backend, logits, rules, workspace));
}

void Router::KeepAssignments(Backend& backend, const RoutingRules& rules) {
  if (!HasBalanceLoss() || moe_.router.balance_scope != BalanceScope::kGlobal) return;
  backend.Copy(batch_expert_.Slice(rules.micro_batch * rules.tokens, rules.tokens),
               routing_.expert.Slice(0, rules.tokens));
}

Tensor Router::BalanceGradient(const RoutingRules& rules) const {
  if (!HasBalanceLoss()) return {};
  const bool by_sequence = moe_.router.balance_scope == BalanceScope::kSequence;
  return balance_gradient_.Slice(0, by_sequence ? rules.sequences : 1);
}

// With m tokens a span and s spans in the batch, every scope is the mean over spans of
// c·E/(T·m²) · Σ_i (Σ_t p_ti) n_i; the global scope has one span, of which this micro-batch holds a
// part.
void Router::Losses(Backend& backend, Tensor balance, Tensor z, const RoutingRules& rules) {
  const RouterSettings& router = moe_.router;
  const int64_t n = rules.tokens;
  const Routing routing = Decision(n);
  const double all_tokens = static_cast<double>(n * rules.micro_batches);
  backend.RouterZLoss(z, routing.log_sum_exp, router.z_loss / all_tokens);
  if (!HasBalanceLoss()) return backend.Zero(balance);

  double span_tokens = static_cast<double>(n);
  if (router.balance_scope == BalanceScope::kSequence) {
    span_tokens = static_cast<double>(n / rules.sequences);
  } else if (router.balance_scope == BalanceScope::kGlobal) {
    span_tokens = all_tokens;
  }
  const Tensor gradient = BalanceGradient(rules);
  const Tensor counts = balance_counts_.Slice(0, gradient.dim(0));
  const bool global = router.balance_scope == BalanceScope::kGlobal;
  backend.CountAssignments(
      counts,
      global ? ConstTensor(batch_expert_.Slice(0, n * rules.micro_batches)) : routing.expert);

  const double spans_in_batch = all_tokens / span_tokens;
  const double factor =
      router.load_balance * static_cast<double>(moe_.Experts()) /
      (static_cast<double>(moe_.top_k) * span_tokens * span_tokens * spans_in_batch);
  backend.BalanceLoss(balance, gradient, routing.probabilities, counts, factor);
}

void Router::BackwardThrough(Backend& backend, const Weight& weight, ConstTensor d_out, Tensor d_x,
                             ConstTensor input, const RoutingRules& rules,
                             const Workspace& workspace) {
  backend.MatMul(weight.gradient, d_out, Transpose::kYes, input, Transpose::kNo, Accumulate::kYes);
  if (moe_.router.jitter == 0) {
    return AddInputGradient(backend, d_x, d_out, weight.master, workspace);
  }
  const Tensor d_input = workspace.d_exact.Slice(0, d_x.dim(0));
  backend.MatMul(d_input, d_out, Transpose::kNo, weight.master, Transpose::kNo);
  backend.Jitter(d_input, KeyOf(rules.jitter_keys, layer_), moe_.router.jitter);
  if (d_x.type() == DataType::kFloat32) return backend.Add(d_x, d_input);
  const Tensor rounded = workspace.d_rounded.Slice(0, d_x.dim(0));
  backend.Convert(rounded, d_input);
  backend.Add(d_x, rounded);
}

void Router::Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                      const Workspace& workspace) {
  const int64_t n = rules.tokens;
  const Tensor d_logits = workspace.d_logits.Slice(0, n);
  const double z_factor = moe_.router.z_loss / static_cast<double>(n * rules.micro_batches);
  backend.RouterBackward(d_logits, Decision(n), workspace.d_weight.Slice(0, n),
                         BalanceGradient(rules), z_factor, scoring());
  const ConstTensor input = Input(backend, x, rules, workspace);
  if (moe_.router.noise) {
    const Tensor d_spread = spread_.Slice(0, n);  // takes the place of what it is the gradient of
    backend.RouterNoiseBackward(d_spread, d_logits, KeyOf(rules.noise_keys, layer_));
    BackwardThrough(backend, noise_, d_spread, d_x, input, rules, workspace);
  }
  if (moe_.router.normalize_logits > 0) {
    backend.NormalizeLogitsBackward(d_logits, normalized_.Slice(0, n), rstd_.Slice(0, n),
                                    moe_.router.normalize_logits);
  }
  BackwardThrough(backend, router_, d_logits, d_x, input, rules, workspace);
}

}  // namespace upcycle
