#include "experiments/formats/config_writer.h"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "experiments/formats/expert_config.h"
#include "experiments/formats/model_config.h"
#include "experiments/formats/tensor_names.h"

namespace upcycle {
namespace {

using nlohmann::json;

class ConfigWriter {
 public:
  ConfigWriter(const Architecture& architecture, Format format)
      : a_(architecture), m_(architecture.model), format_(format) {}

  json Write() {
    if (m_.family == Family::kGpt2) {
      AddGpt2();
    } else {
      AddSizes();
      AddNorms();
      AddPositions();
      AddActivation();
    }
    AddClass();
    if (a_.has_experts) WriteExperts(config_, format_, a_);
    return std::move(config_);
  }

 private:
  void AddSizes() {
    config_["vocab_size"] = a_.vocabulary;
    config_["hidden_size"] = m_.width;
    config_["num_hidden_layers"] = m_.layers;
    config_["num_attention_heads"] = m_.heads;
    config_["num_key_value_heads"] = m_.KvHeads();
    config_["head_dim"] = m_.HeadWidth();
    config_["intermediate_size"] = m_.ffn_width;
    config_["max_position_embeddings"] = m_.sequence_length;
    config_["tie_word_embeddings"] = m_.tied_embeddings;
    config_["initializer_range"] = m_.init_std;
  }

  void AddNorms() {
    const char* key = m_.family == Family::kNemotron ? "norm_eps"
                      : m_.family == Family::kNeoX   ? "layer_norm_eps"
                                                     : "rms_norm_eps";
    if (m_.family != Family::kOlmo) config_[key] = m_.norm_epsilon;
  }

  void AddPositions() {
    config_[m_.family == Family::kNeoX ? "rotary_emb_base" : "rope_theta"] = m_.rope_theta;
    if (m_.family == Family::kNeoX) config_["rotary_pct"] = m_.rotary_share;
    if (m_.family == Family::kNemotron) config_["partial_rotary_factor"] = m_.rotary_share;
    const RopeScalingSettings& scaling = m_.rope_scaling;
    if (scaling.kind == RopeScaling::kNone) return;
    json& rope = config_["rope_scaling"];
    rope["rope_type"] = NameOf(scaling.kind);
    rope["factor"] = scaling.factor;
    if (scaling.kind != RopeScaling::kLlama3) return;
    rope["low_freq_factor"] = scaling.low_frequency_factor;
    rope["high_freq_factor"] = scaling.high_frequency_factor;
    rope["original_max_position_embeddings"] = scaling.original_length;
  }

  void AddActivation() {
    switch (m_.Traits().activation) {
      case Activation::kSwiGlu:
        config_["hidden_act"] = "silu";
        break;
      case Activation::kSquaredRelu:
        config_["hidden_act"] = "relu2";
        break;
      case Activation::kGeGlu:
        config_["hidden_act"] = config_["hidden_activation"] = "gelu_pytorch_tanh";
        break;
      case Activation::kGelu:
        config_["hidden_act"] = "gelu";
        break;
      case Activation::kGeluTanh:
        config_["hidden_act"] = "gelu_new";
        break;
    }
    if (m_.family != Family::kQwen2) config_["attention_bias"] = m_.Traits().query_bias;
    if (m_.family == Family::kNeoX) config_["use_parallel_residual"] = true;
  }

  void AddGpt2() {
    config_ = {{"vocab_size", a_.vocabulary},
               {"n_embd", m_.width},
               {"n_layer", m_.layers},
               {"n_head", m_.heads},
               {"n_inner", m_.ffn_width},
               {"n_positions", m_.sequence_length},
               {"layer_norm_epsilon", m_.norm_epsilon},
               {"initializer_range", m_.init_std},
               {"tie_word_embeddings", m_.tied_embeddings},
               {"activation_function", "gelu_new"}};
  }

  void AddClass() {
    if (format_ == Format::kDense) {
      const FamilyNames& names = NamesOf(m_.family);
      config_["model_type"] = names.model_type;
      config_["architectures"] = {names.class_name};
      return;
    }
    config_["model_type"] = NameOf(format_);
    for (const auto& entry : EnumNames<Format>::values) {
      if (entry.value == format_) config_["architectures"] = {entry.help};
    }
  }

  const Architecture& a_;
  const ModelSettings& m_;
  Format format_;
  json config_ = json::object();
};

}  // namespace

nlohmann::json ConfigJson(const Architecture& architecture, Format format, std::string_view dtype) {
  json config = format == Format::kOwn ? ConfigOf(architecture, 0)
                                       : ConfigWriter(architecture, format).Write();
  config["torch_dtype"] = dtype;
  return config;
}

}  // namespace upcycle
