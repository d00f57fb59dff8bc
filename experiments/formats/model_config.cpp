#include "experiments/formats/model_config.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"
#include "core/recipe/canonical.h"
#include "experiments/formats/model_limits.h"
#include "experiments/model/parts.h"

namespace upcycle {
namespace {

using nlohmann::json;

json CommonConfig(const Architecture& architecture, int64_t end_of_text) {
  const ModelSettings& model = architecture.model;
  return {{"vocab_size", architecture.vocabulary},
          {"hidden_size", model.width},
          {"num_hidden_layers", model.layers},
          {"num_attention_heads", model.heads},
          {"num_key_value_heads", model.KvHeads()},
          {"head_dim", model.HeadWidth()},
          {"intermediate_size",
           architecture.has_experts ? architecture.ExpertWidth() : model.ffn_width},
          {"max_position_embeddings", model.sequence_length},
          {"rope_theta", model.rope_theta},
          {"tie_word_embeddings", model.tied_embeddings},
          {"attention_bias", model.Traits().query_bias},
          {"initializer_range", model.init_std},
          {"bos_token_id", end_of_text},
          {"eos_token_id", end_of_text},
          {"torch_dtype", "float32"}};
}

const char* ActivationName(Activation activation) {
  switch (activation) {
    case Activation::kSwiGlu:
      return "silu";
    case Activation::kSquaredRelu:
      return "relu2";
    case Activation::kGeGlu:
    case Activation::kGeluTanh:
      return "gelu_pytorch_tanh";
    case Activation::kGelu:
      break;
  }
  return "gelu";
}

void NamePositions(json& config, const ModelSettings& model) {
  if (model.family == Family::kNemotron || model.rotary_share != 1) {
    config["partial_rotary_factor"] = model.rotary_share;
  }
  const RopeScalingSettings& scaling = model.rope_scaling;
  if (scaling.kind == RopeScaling::kNone) return;
  json& named = config["rope_scaling"];
  named = {{"rope_type", NameOf(scaling.kind)}, {"factor", scaling.factor}};
  if (scaling.kind != RopeScaling::kLlama3) return;
  named["low_freq_factor"] = scaling.low_frequency_factor;
  named["high_freq_factor"] = scaling.high_frequency_factor;
  named["original_max_position_embeddings"] = scaling.original_length;
}

void NameFamily(json& config, const Architecture& architecture) {
  config["hidden_act"] = ActivationName(architecture.activation());
  const bool rms = architecture.traits().norm == NormKind::kRms;
  config[rms ? "rms_norm_eps" : "norm_eps"] = architecture.model.norm_epsilon;
  NamePositions(config, architecture.model);
}

void NameClass(json& config, const Architecture& architecture) {
  const MoeSettings& moe = architecture.moe;
  if (IsMixtral(architecture)) {
    config["model_type"] = "mixtral";
    config["architectures"] = {"MixtralForCausalLM"};
    config["num_local_experts"] = moe.Experts();
    config["num_experts_per_tok"] = moe.top_k;
    config["router_aux_loss_coef"] = moe.router.load_balance;
    config["sliding_window"] = nullptr;
  } else if (architecture.has_experts) {
    config["model_type"] = "upcycle_moe";
  } else if (!HasLlamaLayers(architecture.model)) {
    // transformers' classes of the other families call their weights otherwise, and Nemotron's and
    // Gemma's multiply by weight + 1 in norms where our weights are the factor itself: they would
    // read this model as another one.
    config["model_type"] = fmt::format("upcycle_{}", NameOf(architecture.model.family));
  } else if (architecture.model.family == Family::kMistral) {
    config["model_type"] = "mistral";
    config["architectures"] = {"MistralForCausalLM"};
    config["sliding_window"] = nullptr;
  } else {
    config["model_type"] = "llama";
    config["architectures"] = {"LlamaForCausalLM"};
  }
}

[[noreturn]] void RefuseDamaged(const fs::path& path, const std::string& why) {
  throw Error(Cause::kInput,
              fmt::format("{} is damaged or was not written by upcycle: {}. Remove the folder and "
                          "run the same command again to make it anew",
                          path.native(), why));
}

}  // namespace

json ConfigOf(const Architecture& architecture, int64_t end_of_text) {
  json config = CommonConfig(architecture, end_of_text);
  NameFamily(config, architecture);
  NameClass(config, architecture);
  config["upcycle"]["model"] = AllSettings(architecture.model);
  if (architecture.has_experts) config["upcycle"]["moe"] = AllSettings(architecture.moe);
  return config;
}

Architecture ArchitectureOfOwn(const json& config, const fs::path& path) {
  try {
    const json& vocabulary = config.at("vocab_size");
    if (!vocabulary.is_number_integer()) RefuseDamaged(path, "vocab_size is no whole number");
    const Architecture architecture =
        ArchitectureFromJson(config.at("upcycle"), vocabulary.get<int64_t>());
    const std::string reason = ReasonAgainstSizes(architecture);
    if (!reason.empty()) RefuseDamaged(path, reason);
    return architecture;
  } catch (const json::exception& error) {
    RefuseDamaged(path, JsonProblem(error));
  }
}

Architecture ReadConfig(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  return ArchitectureOfOwn(ReadForeignJson(path), path);
}

}  // namespace upcycle
