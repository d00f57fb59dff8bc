#include "experiments/model/parts.h"

#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

void ListNorm(std::vector<Part>& parts, PartKind weight, PartKind bias, int64_t layer,
              const Architecture& architecture) {
  const NormKind kind = architecture.traits().norm;
  if (kind != NormKind::kPlainLayer) parts.push_back({weight, layer});
  if (kind == NormKind::kLayer) parts.push_back({bias, layer});
}

void ListAttention(std::vector<Part>& parts, int64_t layer, const Architecture& architecture) {
  const FamilyTraits traits = architecture.traits();
  const auto list = [&](std::initializer_list<PartKind> kinds) {
    for (const PartKind kind : kinds) parts.push_back({kind, layer});
  };
  list({PartKind::kQuery, PartKind::kKey, PartKind::kValue, PartKind::kOutput});
  if (traits.query_bias) list({PartKind::kQueryBias, PartKind::kKeyBias, PartKind::kValueBias});
  if (traits.output_bias) list({PartKind::kOutputBias});
  if (traits.query_key_norm != QueryKeyNorm::kNone) {
    list({PartKind::kQueryNorm, PartKind::kKeyNorm});
  }
}

void ListFeedForward(std::vector<Part>& parts, int64_t layer, const Architecture& architecture) {
  if (!architecture.LayerHasExperts(layer)) {
    if (architecture.Gated()) parts.push_back({PartKind::kGate, layer});
    parts.push_back({PartKind::kUp, layer});
    parts.push_back({PartKind::kDown, layer});
    if (!architecture.traits().mlp_bias) return;
    parts.push_back({PartKind::kUpBias, layer});
    parts.push_back({PartKind::kDownBias, layer});
    return;
  }
  const MoeSettings& moe = architecture.moe;
  parts.push_back({PartKind::kRouter, layer});
  if (moe.router.noise) parts.push_back({PartKind::kRouterNoise, layer});
  if (moe.router.bias_rate > 0) parts.push_back({PartKind::kRouterBias, layer});
  for (int64_t expert = 0; expert < architecture.moe.Experts(); ++expert) {
    if (architecture.Gated()) parts.push_back({PartKind::kExpertGate, layer, expert});
    parts.push_back({PartKind::kExpertUp, layer, expert});
    parts.push_back({PartKind::kExpertDown, layer, expert});
  }
  if (moe.shared_expert == SharedExpert::kNone) return;
  if (architecture.Gated()) parts.push_back({PartKind::kSharedGate, layer});
  parts.push_back({PartKind::kSharedUp, layer});
  parts.push_back({PartKind::kSharedDown, layer});
  if (moe.shared_expert == SharedExpert::kGated) parts.push_back({PartKind::kSharedWeight, layer});
}

// What attention and the dense MLP are called within `model.layers.N.`; null for everything else.
const char* DenseName(PartKind kind) {
  switch (kind) {
    case PartKind::kQuery:
      return "self_attn.q_proj.weight";
    case PartKind::kKey:
      return "self_attn.k_proj.weight";
    case PartKind::kValue:
      return "self_attn.v_proj.weight";
    case PartKind::kOutput:
      return "self_attn.o_proj.weight";
    case PartKind::kQueryBias:
      return "self_attn.q_proj.bias";
    case PartKind::kKeyBias:
      return "self_attn.k_proj.bias";
    case PartKind::kValueBias:
      return "self_attn.v_proj.bias";
    case PartKind::kOutputBias:
      return "self_attn.o_proj.bias";
    case PartKind::kQueryNorm:
      return "self_attn.q_norm.weight";
    case PartKind::kKeyNorm:
      return "self_attn.k_norm.weight";
    case PartKind::kGate:
      return "mlp.gate_proj.weight";
    case PartKind::kUp:
      return "mlp.up_proj.weight";
    case PartKind::kDown:
      return "mlp.down_proj.weight";
    case PartKind::kUpBias:
      return "mlp.up_proj.bias";
    case PartKind::kDownBias:
      return "mlp.down_proj.bias";
    default:
      return nullptr;
  }
}

// The name within `model.layers.N.`.
std::string NameInLayer(const Part& part, const Architecture& architecture) {
  const bool mixtral = IsMixtral(architecture);
  const bool behind = architecture.traits().residual == Residual::kAfter;
  const std::string first = behind ? "post_attention_layernorm" : "input_layernorm";
  const std::string second = behind ? "post_feedforward_layernorm" : "post_attention_layernorm";
  const std::string experts = mixtral ? "block_sparse_moe" : "mlp";
  const auto expert = [&](const char* mixtral_name, const char* name) {
    return fmt::format("{}.experts.{}.{}.weight", experts, part.expert,
                       mixtral ? mixtral_name : name);
  };
  if (const char* name = DenseName(part.kind)) return name;
  switch (part.kind) {
    case PartKind::kAttentionNorm:
      return first + ".weight";
    case PartKind::kAttentionNormBias:
      return first + ".bias";
    case PartKind::kFeedForwardNorm:
      return second + ".weight";
    case PartKind::kFeedForwardNormBias:
      return second + ".bias";
    case PartKind::kRouter:
      return experts + ".gate.weight";
    case PartKind::kRouterNoise:
      return experts + ".gate.noise.weight";
    case PartKind::kRouterBias:
      return experts + ".gate.e_score_correction_bias";
    case PartKind::kSharedGate:
      return experts + ".shared_expert.gate_proj.weight";
    case PartKind::kSharedUp:
      return experts + ".shared_expert.up_proj.weight";
    case PartKind::kSharedDown:
      return experts + ".shared_expert.down_proj.weight";
    case PartKind::kSharedWeight:
      return experts + ".shared_expert_gate.weight";
    case PartKind::kExpertGate:
      return expert("w1", "gate_proj");
    case PartKind::kExpertUp:
      return expert("w3", "up_proj");
    case PartKind::kExpertDown:
      return expert("w2", "down_proj");
    default:
      break;
  }
  UPCYCLE_CHECK(part.layer < 0);
  return "";
}

}  // namespace

std::vector<Part> ListParts(const Architecture& architecture) {
  std::vector<Part> parts = {{PartKind::kEmbedding}};
  if (architecture.traits().learned_positions) parts.push_back({PartKind::kPositions});
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    ListNorm(parts, PartKind::kAttentionNorm, PartKind::kAttentionNormBias, layer, architecture);
    ListAttention(parts, layer, architecture);
    ListNorm(parts, PartKind::kFeedForwardNorm, PartKind::kFeedForwardNormBias, layer,
             architecture);
    ListFeedForward(parts, layer, architecture);
  }
  ListNorm(parts, PartKind::kFinalNorm, PartKind::kFinalNormBias, -1, architecture);
  if (!architecture.model.tied_embeddings) parts.push_back({PartKind::kHead});
  return parts;
}

Shape PartShape(const Part& part, const Architecture& architecture) {
  const ModelSettings& m = architecture.model;
  const int64_t queries = m.heads * m.HeadWidth();
  const int64_t keys = m.KvHeads() * m.HeadWidth();
  const bool by_head = architecture.traits().query_key_norm == QueryKeyNorm::kHead;
  switch (part.kind) {
    case PartKind::kEmbedding:
    case PartKind::kHead:
      return {architecture.vocabulary, m.width};
    case PartKind::kPositions:
      return {m.sequence_length, m.width};
    case PartKind::kAttentionNorm:
    case PartKind::kAttentionNormBias:
    case PartKind::kFeedForwardNorm:
    case PartKind::kFeedForwardNormBias:
    case PartKind::kFinalNorm:
    case PartKind::kFinalNormBias:
    case PartKind::kOutputBias:
    case PartKind::kDownBias:
      return {m.width};
    case PartKind::kQueryBias:
      return {queries};
    case PartKind::kKeyBias:
    case PartKind::kValueBias:
      return {keys};
    case PartKind::kQueryNorm:
      return {by_head ? m.HeadWidth() : queries};
    case PartKind::kKeyNorm:
      return {by_head ? m.HeadWidth() : keys};
    case PartKind::kUpBias:
      return {m.ffn_width};
    case PartKind::kQuery:
      return {queries, m.width};
    case PartKind::kKey:
    case PartKind::kValue:
      return {keys, m.width};
    case PartKind::kOutput:
      return {m.width, queries};
    case PartKind::kGate:
    case PartKind::kUp:
    case PartKind::kSharedGate:
    case PartKind::kSharedUp:
      return {m.ffn_width, m.width};
    case PartKind::kDown:
    case PartKind::kSharedDown:
      return {m.width, m.ffn_width};
    case PartKind::kRouter:
    case PartKind::kRouterNoise:
      return {architecture.moe.Experts(), m.width};
    case PartKind::kRouterBias:
      return {architecture.moe.Experts()};
    case PartKind::kSharedWeight:
      return {1, m.width};
    case PartKind::kExpertGate:
    case PartKind::kExpertUp:
      return {architecture.ExpertWidth(), m.width};
    case PartKind::kExpertDown:
      return {m.width, architecture.ExpertWidth()};
  }
  return {};
}

bool HasLlamaLayers(const ModelSettings& model) {
  const bool named = model.family == Family::kLlama || model.family == Family::kMistral;
  return named && model.rotary_share == 1;
}

bool IsMixtral(const Architecture& architecture) {
  if (!architecture.has_experts || !HasLlamaLayers(architecture.model)) return false;
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    if (!architecture.LayerHasExperts(layer)) return false;
  }
  const MoeSettings& moe = architecture.moe;
  const RouterSettings& router = moe.router;
  return router.order == RoutingOrder::kTopkThenSoftmax && router.score == RouterScore::kSoftmax &&
         !moe.ExpertsChoose() && router.bias_rate == 0 && router.normalize_logits == 0 &&
         !router.noise && moe.shared_expert == SharedExpert::kNone;
}

std::string PartName(const Part& part, const Architecture& architecture) {
  if (part.layer >= 0) {
    return fmt::format("model.layers.{}.{}", part.layer, NameInLayer(part, architecture));
  }
  switch (part.kind) {
    case PartKind::kEmbedding:
      return "model.embed_tokens.weight";
    case PartKind::kPositions:
      return "model.embed_positions.weight";
    case PartKind::kFinalNorm:
      return "model.norm.weight";
    case PartKind::kFinalNormBias:
      return "model.norm.bias";
    case PartKind::kHead:
      return "lm_head.weight";
    default:
      UPCYCLE_CHECK(part.layer >= 0);
  }
  return "";
}

}  // namespace upcycle
