#include "experiments/formats/config_reader.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"
#include "experiments/formats/config_values.h"
#include "experiments/formats/expert_config.h"
#include "experiments/formats/model_config.h"
#include "experiments/formats/model_limits.h"
#include "experiments/formats/tensor_names.h"

namespace upcycle {
namespace {

using nlohmann::json;

Architecture DenseArchitecture(const ModelSettings& model) {
  return {.model = model, .moe = {}, .has_experts = false, .vocabulary = model.vocabulary};
}

// The settings of the layers, and refusals of what they cannot say.
class DenseReader {
 public:
  DenseReader(const ConfigValues& config, Family family, std::string model_type)
      : config_(config), model_type_(std::move(model_type)) {
    m_.family = family;
  }

  ModelSettings Read() {
    if (config_.Has("quantization_config")) {
      config_.Refuse("its weights are quantised (quantization_config); take the unquantised model");
    }
    if (m_.family == Family::kGpt2) {
      ReadGpt2();
    } else {
      ReadSizes();
      ReadNorms();
      ReadPositions();
    }
    RequireFeatures();
    RequireSizes();
    return m_;
  }

 private:
  // Anything else is a feature that no kernel computes.
  void RequireEqual(const char* key, const json& expected) const {
    if (!config_.Has(key) || config_.At(key) == expected) return;
    config_.Refuse(fmt::format("{} is {}, and models of type {} are computed with {} alone", key,
                               QuotedJson(config_.At(key)), model_type_, QuotedJson(expected)));
  }

  void ReadSizes() {
    m_.vocabulary = config_.Count("vocab_size");
    m_.width = config_.Count("hidden_size");
    m_.layers = config_.Count("num_hidden_layers");
    m_.heads = config_.Count("num_attention_heads");
    m_.kv_heads = config_.Count("num_key_value_heads", m_.heads);
    m_.head_width = config_.Has("head_dim") ? config_.Count("head_dim") : UsualHeadWidth();
    if (m_.head_width * m_.heads == m_.width) m_.head_width = 0;
    m_.ffn_width = config_.Count("intermediate_size");
    m_.sequence_length = config_.Count("max_position_embeddings", 2048);
    m_.tied_embeddings = config_.Flag("tie_word_embeddings", m_.family == Family::kGemma);
    m_.init_std = config_.Number("initializer_range", 0.02);
  }

  // What transformers takes where a configuration is silent; 0: width / heads.
  int64_t UsualHeadWidth() const {
    if (model_type_ == "gemma") return 256;
    return model_type_ == "qwen3" ? 128 : 0;
  }

  void ReadNorms() {
    switch (m_.family) {
      case Family::kNemotron:
        m_.norm_epsilon = config_.Number("norm_eps", 1e-5);
        break;
      case Family::kNeoX:
        m_.norm_epsilon = config_.Number("layer_norm_eps", 1e-5);
        break;
      case Family::kOlmo:
        m_.norm_epsilon = 1e-5;  // the class has no setting for it
        break;
      case Family::kOlmo2:
      case Family::kOlmoe:
        m_.norm_epsilon = config_.Number("rms_norm_eps", 1e-5);
        break;
      default:
        m_.norm_epsilon = config_.Number("rms_norm_eps", model_type_ == "mixtral" ? 1e-5 : 1e-6);
    }
  }

  // transformers 5 keeps all of it in rope_parameters; before, it lay in several keys.
  void ReadPositions() {
    const bool is_neox = m_.family == Family::kNeoX;
    const ConfigValues rope =
        config_.Object(config_.Has("rope_parameters") ? "rope_parameters" : "rope_scaling");
    const double usual_theta = model_type_ == "mixtral" ? 1e6 : 1e4;
    m_.rope_theta = rope.Number(
        "rope_theta", config_.Number(is_neox ? "rotary_emb_base" : "rope_theta", usual_theta));
    const double usual_share = is_neox ? 0.25 : m_.family == Family::kNemotron ? 0.5 : 1;
    m_.rotary_share =
        rope.Number("partial_rotary_factor",
                    config_.Number(is_neox ? "rotary_pct" : "partial_rotary_factor", usual_share));
    if (usual_share == 1 && m_.rotary_share != 1) {
      config_.Refuse(
          fmt::format("partial_rotary_factor is {:g}, and models of type {} rotate all "
                      "of each head",
                      m_.rotary_share, model_type_));
    }
    ReadScaling(rope);
  }

  void ReadScaling(const ConfigValues& rope) {
    std::string type = rope.Text("rope_type");
    if (type.empty()) type = rope.Text("type");
    if (type.empty() || type == "default") return;
    RopeScalingSettings& scaling = m_.rope_scaling;
    if (type == "linear") {
      scaling.kind = RopeScaling::kLinear;
    } else if (type == "llama3") {
      scaling.kind = RopeScaling::kLlama3;
    } else {
      config_.Refuse(fmt::format(
          "its rotary positions are scaled as \"{}\"; default, linear and llama3 are known", type));
    }
    scaling.factor = rope.Number("factor", 1);
    scaling.low_frequency_factor = rope.Number("low_freq_factor", 1);
    scaling.high_frequency_factor = rope.Number("high_freq_factor", 4);
    scaling.original_length = rope.Count("original_max_position_embeddings", m_.sequence_length);
  }

  void ReadGpt2() {
    m_.vocabulary = config_.Count("vocab_size");
    m_.width = config_.Count("n_embd");
    m_.layers = config_.Count("n_layer");
    m_.heads = config_.Count("n_head");
    m_.kv_heads = m_.heads;
    m_.ffn_width = config_.Count("n_inner", 4 * m_.width);
    m_.sequence_length = config_.Count(config_.Has("n_positions") ? "n_positions" : "n_ctx", 1024);
    m_.tied_embeddings = config_.Flag("tie_word_embeddings", true);
    m_.norm_epsilon = config_.Number("layer_norm_epsilon", 1e-5);
    m_.init_std = config_.Number("initializer_range", 0.02);
  }

  void RequireFeatures() {
    RequireActivation();
    const FamilyTraits traits = m_.Traits();
    if (m_.family != Family::kQwen2) RequireEqual("attention_bias", traits.query_bias);
    RequireEqual("mlp_bias", traits.mlp_bias);
    RequireWindow();
    RequireEqual("clip_qkv", nullptr);
    RequireEqual("use_parallel_residual", true);
    RequireEqual("scale_attn_weights", true);
    RequireEqual("scale_attn_by_inverse_layer_idx", false);
    RequireEqual("add_cross_attention", false);
    RequireEqual("use_bidirectional_attention", false);
    RequireEqual("attn_logit_softcapping", nullptr);
    RequireEqual("final_logit_softcapping", nullptr);
  }

  // The names that configurations give each activation, the usual one first.
  static std::vector<std::string_view> NamesOfActivation(Activation activation) {
    switch (activation) {
      case Activation::kSwiGlu:
        return {"silu", "swish"};
      case Activation::kSquaredRelu:
        return {"relu2"};
      case Activation::kGeGlu:
        // Gemma's first configurations said gelu and meant its tanh form, as transformers takes it.
        return {"gelu_pytorch_tanh", "gelu"};
      case Activation::kGelu:
        return {"gelu"};
      case Activation::kGeluTanh:
        break;
    }
    return {"gelu_new", "gelu_pytorch_tanh"};
  }

  void RequireActivation() const {
    const auto names = NamesOfActivation(m_.Traits().activation);
    for (const char* key : {"hidden_activation", "hidden_act", "activation_function"}) {
      const std::string given = config_.Text(key);
      if (given.empty()) continue;
      if (std::find(names.begin(), names.end(), given) != names.end()) return;
      config_.Refuse(fmt::format("{} is {}, and models of type {} are computed with {} alone", key,
                                 given, model_type_, *names.begin()));
    }
  }

  // A window that is not shorter than the sequences is none.
  void RequireWindow() {
    RequireKnownLayers();
    const bool is_used = m_.family == Family::kMistral || config_.Flag("use_sliding_window", false);
    if (!is_used) return;
    constexpr const char* kKey = "sliding_window";
    constexpr int64_t kMistralsWindow = 4096;  // where a configuration does not even say null
    if (!config_.Has(kKey) && (config_.Mentions(kKey) || model_type_ != "mistral")) return;
    m_.sequence_length = std::min(m_.sequence_length, config_.Count(kKey, kMistralsWindow));
  }

  void RequireKnownLayers() const {
    if (!config_.Has("layer_types")) return;
    for (const json& type : config_.At("layer_types")) {
      if (type == "full_attention" || type == "sliding_attention") continue;
      config_.Refuse(
          fmt::format("layer_types has {}; full attention alone is computed", QuotedJson(type)));
    }
  }

  void RequireSizes() const {
    const std::string reason = ReasonAgainstSizes(DenseArchitecture(m_));
    if (!reason.empty()) config_.Refuse(reason);
  }

  const ConfigValues& config_;
  std::string model_type_;
  ModelSettings m_;
};

bool IsOurs(const json& config) { return config.is_object() && config.contains("upcycle"); }

// The classes of dense models by their names, for messages.
std::string KnownTypes() {
  std::string known;
  for (const auto& entry : EnumNames<Family>::values) {
    const FamilyNames& names = NamesOf(entry.value);
    if (!names.class_name.empty()) known += fmt::format("{}, ", names.model_type);
  }
  return known + "mixtral, qwen2_moe, qwen3_moe and olmoe";
}

}  // namespace

ModelConfig ModelConfigOf(const json& config, const fs::path& path) {
  if (IsOurs(config)) return {ArchitectureOfOwn(config, path), Format::kOwn};
  const ConfigValues values(config, path);
  const std::string type = values.Text("model_type");
  if (const ExpertConfig* experts = ExpertConfigOf(type)) {
    const Family family = experts->FamilyOf(values);
    ModelConfig read = ReadExperts(*experts, DenseReader(values, family, type).Read(), values);
    const std::string reason = ReasonAgainstSizes(read.architecture);
    if (!reason.empty()) values.Refuse(reason);
    return read;
  }
  for (const auto& entry : EnumNames<Family>::values) {
    const FamilyNames& names = NamesOf(entry.value);
    if (names.class_name.empty() || type != names.model_type) continue;
    const ModelSettings model = DenseReader(values, entry.value, type).Read();
    return {DenseArchitecture(model), Format::kDense};
  }
  values.Refuse(fmt::format("model_type is \"{}\"; known are {}", type, KnownTypes()));
}

ModelConfig ReadModelConfig(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  std::error_code denied;  // whoever reads the file then will say what is wrong
  if (!fs::exists(path, denied) && !denied) {
    throw Error(Cause::kInput,
                fmt::format("{} has no config.json: it is no folder of a Hugging Face model",
                            folder.native()));
  }
  return ModelConfigOf(ReadForeignJson(path), path);
}

}  // namespace upcycle
