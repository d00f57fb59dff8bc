#include "experiments/run/model_config.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/recipe/canonical.h"
#include "experiments/run/parts.h"

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
          {"attention_bias", false},
          {"initializer_range", model.init_std},
          {"bos_token_id", end_of_text},
          {"eos_token_id", end_of_text},
          {"torch_dtype", "float32"}};
}

void NameFamily(json& config, const Architecture& architecture) {
  if (architecture.Gated()) {
    config["hidden_act"] = "silu";
    config["rms_norm_eps"] = architecture.model.norm_epsilon;
  } else {
    config["hidden_act"] = "relu2";
    config["norm_eps"] = architecture.model.norm_epsilon;
    config["partial_rotary_factor"] = 1.0;
  }
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
  } else if (architecture.Gated()) {
    config["model_type"] = "llama";
    config["architectures"] = {"LlamaForCausalLM"};
  } else {
    // transformers' NemotronForCausalLM has the same equations, but multiplies its norms by
    // weight + 1 where our weights are the factor itself: it would read this model as another one.
    config["model_type"] = "upcycle_nemotron";
  }
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

Architecture ReadConfig(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  try {
    const json config = json::parse(ReadTextFile(path));
    return ArchitectureFromJson(config.at("upcycle"), config.at("vocab_size"));
  } catch (const json::exception& error) {
    throw Error(
        Cause::kInput,
        fmt::format(
            "{} is damaged or was not written by upcycle: {}. Remove the folder and run the "
            "same command again to make it anew",
            path.native(), error.what()));
  }
}

}  // namespace upcycle
