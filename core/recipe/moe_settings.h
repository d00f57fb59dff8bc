// Experts and routing.
//
// Words: E expansion, MoE MLP parameters over dense MLP parameters; G granularity, dense FFN width
// over expert width; T top-k. There are E·G experts; E8G1T2 is eight full-size experts, top-2.
// Sources: He 2024 = arXiv 2410.07524; Vavre 2024 = arXiv 2412.09952.
#pragma once

#include <cstdint>

#include "core/recipe/fields.h"

namespace upcycle {

enum class RoutingOrder { kSoftmaxThenTopk, kTopkThenSoftmax };
template <>
struct EnumNames<RoutingOrder> {
  static constexpr EnumName<RoutingOrder> values[] = {
      {RoutingOrder::kSoftmaxThenTopk, "softmax_then_topk",
       "the top-k of softmax probabilities, not renormalised (He 2024)"},
      {RoutingOrder::kTopkThenSoftmax, "topk_then_softmax",
       "softmax over the top-k logits: weights sum to 1 (Mixtral, Vavre 2024)"},
  };
};

enum class BalanceScope { kMicroBatch, kSequence, kGlobal };
template <>
struct EnumNames<BalanceScope> {
  static constexpr EnumName<BalanceScope> values[] = {
      {BalanceScope::kMicroBatch, "micro_batch", "balanced within each micro-batch"},
      {BalanceScope::kSequence, "sequence",
       "balanced within each sequence, averaged over sequences"},
      {BalanceScope::kGlobal, "global", "balanced over the whole batch, however it is split"},
  };
};

enum class DropPolicy { kProbs, kPosition };
template <>
struct EnumNames<DropPolicy> {
  static constexpr EnumName<DropPolicy> values[] = {
      {DropPolicy::kProbs, "probs", "a full expert keeps its most probable tokens"},
      {DropPolicy::kPosition, "position", "a full expert keeps its earliest tokens"},
  };
};

struct RouterSettings {
  RoutingOrder order = RoutingOrder::kSoftmaxThenTopk;
  double init_std = 0.02;
  double load_balance = 0.01;
  BalanceScope balance_scope = BalanceScope::kMicroBatch;
  double z_loss = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("order");
    v.Field("order", s.order,
            {.help = "whether softmax comes before or after the choice of experts"});
    v.Field(
        "init_std", s.init_std,
        {.help = "standard deviation of the router's first weights", .minimum = 0, .maximum = 10});
    v.Field("load_balance", s.load_balance,
            {.help = "coefficient of the load-balance loss; 0 leaves it out",
             .minimum = 0,
             .maximum = 100});
    v.Field("balance_scope", s.balance_scope, {.help = "over which tokens the load is balanced"});
    v.Field("z_loss", s.z_loss,
            {.help = "coefficient of the router z-loss; 0 leaves it out",
             .minimum = 0,
             .maximum = 100});
  }
};

struct MoeSettings {
  int64_t expansion = 8;
  int64_t granularity = 1;
  int64_t top_k = 2;
  LayerSelection layers;
  CapacityFactor capacity_factor = {};
  DropPolicy drop_policy = DropPolicy::kProbs;
  RouterSettings router;

  int64_t Experts() const { return expansion * granularity; }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("expansion", s.expansion,
            {.help = "E: parameters of the MoE MLP over those of the dense MLP",
             .minimum = 1,
             .maximum = 4096});
    v.Field("granularity", s.granularity,
            {.help = "G: dense FFN width over expert width; there are E·G experts",
             .minimum = 1,
             .maximum = 4096});
    v.Field("top_k", s.top_k,
            {.help = "T: experts a token is sent to", .minimum = 1, .maximum = 64});
    v.Field("layers", s.layers, {.help = "which layers have experts: all, every_other, or a list"});
    v.Field("capacity_factor", s.capacity_factor,
            {.help = "an expert serves at most ceil(tokens · T / experts · factor) tokens of a "
                     "micro-batch; or dropless",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true});
    v.Field("drop_policy", s.drop_policy, {.help = "which tokens a full expert drops"});
    v.Group("router", s.router, "how tokens choose experts");
  }
};

}  // namespace upcycle
