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

enum class RouterScore { kSoftmax, kSigmoid };
template <>
struct EnumNames<RouterScore> {
  static constexpr EnumName<RouterScore> values[] = {
      {RouterScore::kSoftmax, "softmax", "experts share one unit of probability"},
      {RouterScore::kSigmoid, "sigmoid",
       "each expert is scored by itself (DeepSeek-V3, arXiv 2412.19437, equation 15)"},
  };
};

enum class RouterChoice { kTopk, kSinkhorn, kExpertChoice };
template <>
struct EnumNames<RouterChoice> {
  static constexpr EnumName<RouterChoice> values[] = {
      {RouterChoice::kTopk, "topk", "a token chooses its most probable experts"},
      {RouterChoice::kSinkhorn, "sinkhorn",
       "while training, the most probable after Sinkhorn's scaling has balanced the experts (Clark "
       "et al. 2022, arXiv 2202.01169, appendix B.2.1)"},
      {RouterChoice::kExpertChoice, "expert_choice",
       "an expert chooses its most probable tokens, as many as its capacity (Zhou et al. 2022, "
       "arXiv 2202.09368); it sees later tokens, so losses are not those of an autoregressive "
       "model"},
  };
};

struct RouterSettings {
  RoutingOrder order = RoutingOrder::kSoftmaxThenTopk;
  double init_std = 0.02;
  double load_balance = 0.01;
  BalanceScope balance_scope = BalanceScope::kMicroBatch;
  double z_loss = 0;
  RouterScore score = RouterScore::kSoftmax;
  RouterChoice choice = RouterChoice::kTopk;
  int64_t sinkhorn_rounds = 8;
  double bias_rate = 0;
  double normalize_logits = 0;
  bool noise = false;
  double jitter = 0;

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
    v.Field("score", s.score,
            {.help = "what a logit becomes; `order` then says whether the chosen scores are taken "
                     "as they are or over their sum",
             .added_later = true});
    v.Field("choice", s.choice, {.help = "who chooses whom", .added_later = true});
    v.Field("sinkhorn_rounds", s.sinkhorn_rounds,
            {.help = "sinkhorn: how often experts and tokens are scaled in turn",
             .minimum = 1,
             .maximum = 1000,
             .added_later = true});
    v.Field("bias_rate", s.bias_rate,
            {.help = "loss-free balancing (Wang et al. 2024, arXiv 2408.15664): after a step an "
                     "expert's bias, which counts in the choice alone, moves by this much towards "
                     "an even load; 0 leaves it out",
             .minimum = 0,
             .maximum = 1,
             .added_later = true});
    v.Field("normalize_logits", s.normalize_logits,
            {.help = "a token's logits less their mean, over their standard deviation, times this "
                     "(Skywork-MoE, arXiv 2406.06563, section 3.1); 0 leaves them as they are",
             .minimum = 0,
             .maximum = 100,
             .added_later = true});
    v.Field("noise", s.noise,
            {.help = "noisy top-k (Shazeer et al. 2017, arXiv 1701.06538, equation 4): while "
                     "training, normal noise of a learned size is added to logits",
             .added_later = true});
    v.Field(
        "jitter", s.jitter,
        {.help = "while training, what the router reads is multiplied by uniform noise from 1 - "
                 "jitter to 1 + jitter (Switch, Fedus et al. 2021, arXiv 2101.03961); 0 leaves "
                 "it out",
         .minimum = 0,
         .maximum = 1,
         .added_later = true});
  }
};

enum class SharedExpert { kNone, kPlain, kGated };
template <>
struct EnumNames<SharedExpert> {
  static constexpr EnumName<SharedExpert> values[] = {
      {SharedExpert::kNone, "none", "every expert is routed to"},
      {SharedExpert::kPlain, "plain",
       "an MLP as wide as the dense one takes every token (DeepSeekMoE, arXiv 2401.06066)"},
      {SharedExpert::kGated, "gated",
       "the same, its output times a sigmoid of the token (Qwen1.5-MoE, 2024)"},
  };
};

struct MoeSettings {
  int64_t expansion = 8;
  int64_t granularity = 1;
  int64_t top_k = 2;
  LayerSelection layers;
  CapacityFactor capacity_factor = {};
  DropPolicy drop_policy = DropPolicy::kProbs;
  RouterSettings router;
  SharedExpert shared_expert = SharedExpert::kNone;

  int64_t Experts() const { return expansion * granularity; }
  bool ExpertsChoose() const { return router.choice == RouterChoice::kExpertChoice; }
  // Experts that a token may be sent to: where experts choose, any number of them.
  int64_t Assignments() const { return ExpertsChoose() ? Experts() : top_k; }

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
    v.Field(
        "shared_expert", s.shared_expert,
        {.help = "an expert beside the routed ones that takes every token", .added_later = true});
  }
};

}  // namespace upcycle
