#include "experiments/formats/tensor_names.h"

#include <algorithm>

#include "core/check.h"

namespace upcycle {
namespace {

using enum PartKind;

// Llama, and what its successors added to it.
constexpr NamedPart kLlamaParts[] = {
    {kEmbedding, "model.embed_tokens.weight"},
    {kAttentionNorm, "input_layernorm.weight"},
    {kAttentionNormBias, "input_layernorm.bias"},
    {kQuery, "self_attn.q_proj.weight"},
    {kQueryBias, "self_attn.q_proj.bias"},
    {kKey, "self_attn.k_proj.weight"},
    {kKeyBias, "self_attn.k_proj.bias"},
    {kValue, "self_attn.v_proj.weight"},
    {kValueBias, "self_attn.v_proj.bias"},
    {kOutput, "self_attn.o_proj.weight"},
    {kQueryNorm, "self_attn.q_norm.weight"},
    {kKeyNorm, "self_attn.k_norm.weight"},
    {kFeedForwardNorm, "post_attention_layernorm.weight"},
    {kFeedForwardNormBias, "post_attention_layernorm.bias"},
    {kGate, "mlp.gate_proj.weight"},
    {kUp, "mlp.up_proj.weight"},
    {kDown, "mlp.down_proj.weight"},
    {kFinalNorm, "model.norm.weight"},
    {kFinalNormBias, "model.norm.bias"},
    {kHead, "lm_head.weight"},
};

// Its norms stand behind attention and MLP.
constexpr NamedPart kOlmo2Parts[] = {
    {kEmbedding, "model.embed_tokens.weight"},
    {kQuery, "self_attn.q_proj.weight"},
    {kKey, "self_attn.k_proj.weight"},
    {kValue, "self_attn.v_proj.weight"},
    {kOutput, "self_attn.o_proj.weight"},
    {kQueryNorm, "self_attn.q_norm.weight"},
    {kKeyNorm, "self_attn.k_norm.weight"},
    {kAttentionNorm, "post_attention_layernorm.weight"},
    {kGate, "mlp.gate_proj.weight"},
    {kUp, "mlp.up_proj.weight"},
    {kDown, "mlp.down_proj.weight"},
    {kFeedForwardNorm, "post_feedforward_layernorm.weight"},
    {kFinalNorm, "model.norm.weight"},
    {kHead, "lm_head.weight"},
};

constexpr NamedPart kGpt2Parts[] = {
    {kEmbedding, "transformer.wte.weight"},
    {kPositions, "transformer.wpe.weight"},
    {kAttentionNorm, "ln_1.weight"},
    {kAttentionNormBias, "ln_1.bias"},
    {kQuery, "attn.c_attn.weight"},
    {kKey, "attn.c_attn.weight"},
    {kValue, "attn.c_attn.weight"},
    {kQueryBias, "attn.c_attn.bias"},
    {kKeyBias, "attn.c_attn.bias"},
    {kValueBias, "attn.c_attn.bias"},
    {kOutput, "attn.c_proj.weight"},
    {kOutputBias, "attn.c_proj.bias"},
    {kFeedForwardNorm, "ln_2.weight"},
    {kFeedForwardNormBias, "ln_2.bias"},
    {kUp, "mlp.c_fc.weight"},
    {kUpBias, "mlp.c_fc.bias"},
    {kDown, "mlp.c_proj.weight"},
    {kDownBias, "mlp.c_proj.bias"},
    {kFinalNorm, "transformer.ln_f.weight"},
    {kFinalNormBias, "transformer.ln_f.bias"},
    {kHead, "lm_head.weight"},
};

constexpr NamedPart kNeoXParts[] = {
    {kEmbedding, "gpt_neox.embed_in.weight"},
    {kAttentionNorm, "input_layernorm.weight"},
    {kAttentionNormBias, "input_layernorm.bias"},
    {kFeedForwardNorm, "post_attention_layernorm.weight"},
    {kFeedForwardNormBias, "post_attention_layernorm.bias"},
    {kQuery, "attention.query_key_value.weight"},
    {kKey, "attention.query_key_value.weight"},
    {kValue, "attention.query_key_value.weight"},
    {kQueryBias, "attention.query_key_value.bias"},
    {kKeyBias, "attention.query_key_value.bias"},
    {kValueBias, "attention.query_key_value.bias"},
    {kOutput, "attention.dense.weight"},
    {kOutputBias, "attention.dense.bias"},
    {kUp, "mlp.dense_h_to_4h.weight"},
    {kUpBias, "mlp.dense_h_to_4h.bias"},
    {kDown, "mlp.dense_4h_to_h.weight"},
    {kDownBias, "mlp.dense_4h_to_h.bias"},
    {kFinalNorm, "gpt_neox.final_layer_norm.weight"},
    {kFinalNormBias, "gpt_neox.final_layer_norm.bias"},
    {kHead, "embed_out.weight"},
};

constexpr NamedPart kMixtralExperts[] = {
    {kRouter, "block_sparse_moe.gate.weight"},
    {kExpertGate, "block_sparse_moe.experts.#.w1.weight"},
    {kExpertUp, "block_sparse_moe.experts.#.w3.weight"},
    {kExpertDown, "block_sparse_moe.experts.#.w2.weight"},
};

// Qwen2-MoE, Qwen3-MoE and OLMoE.
constexpr NamedPart kNumberedExperts[] = {
    {kRouter, "mlp.gate.weight"},
    {kExpertGate, "mlp.experts.#.gate_proj.weight"},
    {kExpertUp, "mlp.experts.#.up_proj.weight"},
    {kExpertDown, "mlp.experts.#.down_proj.weight"},
    {kSharedGate, "mlp.shared_expert.gate_proj.weight"},
    {kSharedUp, "mlp.shared_expert.up_proj.weight"},
    {kSharedDown, "mlp.shared_expert.down_proj.weight"},
    {kSharedWeight, "mlp.shared_expert_gate.weight"},
};

constexpr FamilyNames LlamaLike(std::string_view model_type, std::string_view class_name,
                                bool has_norms_less_one = false) {
  return {.model_type = model_type,
          .class_name = class_name,
          .layer_prefix = "model.layers.#.",
          .parts = kLlamaParts,
          .has_norms_less_one = has_norms_less_one};
}

constexpr FamilyNames kLlama = LlamaLike("llama", "LlamaForCausalLM");
constexpr FamilyNames kMistral = LlamaLike("mistral", "MistralForCausalLM");
constexpr FamilyNames kQwen2 = LlamaLike("qwen2", "Qwen2ForCausalLM");
constexpr FamilyNames kQwen3 = LlamaLike("qwen3", "Qwen3ForCausalLM");
constexpr FamilyNames kGemma = LlamaLike("gemma", "GemmaForCausalLM", true);
constexpr FamilyNames kNemotron = LlamaLike("nemotron", "NemotronForCausalLM", true);
constexpr FamilyNames kOlmo = LlamaLike("olmo", "OlmoForCausalLM");
constexpr FamilyNames kOlmoe = LlamaLike("olmoe", "");  // transformers has it with experts only
constexpr FamilyNames kOlmo2 = {.model_type = "olmo2",
                                .class_name = "Olmo2ForCausalLM",
                                .layer_prefix = "model.layers.#.",
                                .parts = kOlmo2Parts};
constexpr FamilyNames kGpt2 = {.model_type = "gpt2",
                               .class_name = "GPT2LMHeadModel",
                               .layer_prefix = "transformer.h.#.",
                               .parts = kGpt2Parts,
                               .has_transposed_matrices = true};
constexpr FamilyNames kNeoX = {.model_type = "gpt_neox",
                               .class_name = "GPTNeoXForCausalLM",
                               .layer_prefix = "gpt_neox.layers.#.",
                               .parts = kNeoXParts,
                               .stacking = Stacking::kByHead};

std::string_view NameIn(std::span<const NamedPart> parts, PartKind kind) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const NamedPart& named) { return named.kind == kind; });
  return found == parts.end() ? std::string_view() : found->name;
}

std::string Numbered(std::string_view text, int64_t number) {
  std::string out(text);
  const size_t at = out.find('#');
  if (at != out.npos) out.replace(at, 1, std::to_string(number));
  return out;
}

}  // namespace

const FamilyNames& NamesOf(Family family) {
  switch (family) {
    case Family::kLlama:
      return kLlama;
    case Family::kNemotron:
      return kNemotron;
    case Family::kMistral:
      return kMistral;
    case Family::kQwen2:
      return kQwen2;
    case Family::kQwen3:
      return kQwen3;
    case Family::kGemma:
      return kGemma;
    case Family::kOlmo:
      return kOlmo;
    case Family::kOlmo2:
      return kOlmo2;
    case Family::kOlmoe:
      return kOlmoe;
    case Family::kGpt2:
      return kGpt2;
    case Family::kNeoX:
      break;
  }
  return kNeoX;
}

std::span<const NamedPart> ExpertNamesOf(Format format) {
  if (format == Format::kDense) return {};
  if (format == Format::kMixtral) return kMixtralExperts;
  return kNumberedExperts;
}

std::string StoredName(const Part& part, const Architecture& architecture, Format format) {
  if (format == Format::kOwn) return PartName(part, architecture);
  const FamilyNames& names = NamesOf(architecture.model.family);
  std::string_view name = NameIn(ExpertNamesOf(format), part.kind);
  if (name.empty()) name = NameIn(names.parts, part.kind);
  UPCYCLE_CHECK(!name.empty());
  const std::string in_layer = Numbered(name, part.expert);
  return part.layer < 0 ? in_layer : Numbered(names.layer_prefix, part.layer) + in_layer;
}

}  // namespace upcycle
