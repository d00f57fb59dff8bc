#include "experiments/formats/expert_config.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using nlohmann::json;

constexpr ExpertConfig kTypes[] = {
    {Format::kMixtral, "mixtral", Family::kMistral},
    {Format::kQwen2Moe, "qwen2_moe", Family::kQwen2},
    {Format::kQwen3Moe, "qwen3_moe", Family::kQwen3},
    {Format::kOlmoe, "olmoe", Family::kOlmoe},
};

// The width of Qwen2-MoE's shared expert where a model has none: one neuron that is never felt.
constexpr int64_t kUnfeltWidth = 1;

class ExpertReader {
 public:
  ExpertReader(const ExpertConfig& type, const ModelSettings& model, const ConfigValues& config)
      : type_(type),
        config_(config),
        a_{model, MoeSettings(), /*has_experts=*/true, model.vocabulary} {}

  ModelConfig Read() {
    MoeSettings& moe = a_.moe;
    const bool is_mixtral = type_.format == Format::kMixtral;
    // Qwen3-MoE's new configurations have Mixtral's word.
    const char* count = config_.Has("num_experts") ? "num_experts" : "num_local_experts";
    const int64_t experts = config_.Count(is_mixtral ? "num_local_experts" : count);
    moe.top_k = config_.Count("num_experts_per_tok");
    const bool sums_to_one = is_mixtral || config_.Flag("norm_topk_prob", false);
    moe.router.order =
        sums_to_one ? RoutingOrder::kTopkThenSoftmax : RoutingOrder::kSoftmaxThenTopk;
    moe.router.load_balance = config_.Number("router_aux_loss_coef", 0.001);
    moe.expansion = experts;
    if (type_.format == Format::kQwen2Moe || type_.format == Format::kQwen3Moe) {
      ReadLayers();
      ReadWidths(experts);
    }
    return {a_, type_.format};
  }

 private:
  // Layers are counted from 1: every decoder_sparse_step-th has experts, but those that are listed.
  void ReadLayers() {
    const int64_t step = config_.Count("decoder_sparse_step", 1);
    std::vector<int64_t> dense;
    if (config_.Has("mlp_only_layers")) {
      const json& listed = config_.At("mlp_only_layers");
      const auto is_number = [](const json& layer) { return layer.is_number_integer(); };
      if (!listed.is_array() || !std::all_of(listed.begin(), listed.end(), is_number)) {
        config_.Refuse("mlp_only_layers must be a list of numbers of layers");
      }
      dense = listed.get<std::vector<int64_t>>();
    }
    LayerSelection& layers = a_.moe.layers;
    for (int64_t layer = 0; layer < a_.model.layers; ++layer) {
      const bool is_listed = std::find(dense.begin(), dense.end(), layer) != dense.end();
      if ((layer + 1) % step == 0 && !is_listed) layers.layers.push_back(layer);
    }
    if (layers.layers.empty()) config_.Refuse("no layer of it has experts");
    has_dense_layers_ = static_cast<int64_t>(layers.layers.size()) < a_.model.layers;
    if (has_dense_layers_) {
      layers.kind = LayerSelection::Kind::kList;
    } else {
      layers.layers.clear();
    }
  }

  // Here an expert is a whole part of the dense MLP (granularity), and a shared expert as wide as
  // that. Where there is neither, an expert's width is the MLP's.
  void ReadWidths(int64_t experts) {
    const int64_t width = config_.Count("moe_intermediate_size");
    const int64_t shared = type_.format == Format::kQwen2Moe
                               ? config_.Count("shared_expert_intermediate_size", 5632)
                               : kUnfeltWidth;
    const bool has_shared = shared != kUnfeltWidth;
    if (has_shared) a_.moe.shared_expert = SharedExpert::kGated;
    if (has_shared && has_dense_layers_ && shared != a_.model.ffn_width) {
      config_.Refuse(fmt::format(
          "its shared experts are {} wide and its layers without experts {}; models whose widths "
          "are equal are computed",
          shared, a_.model.ffn_width));
    }
    if (has_shared) a_.model.ffn_width = shared;
    if (!has_shared && !has_dense_layers_) a_.model.ffn_width = width;
    const int64_t granularity = a_.model.ffn_width / width;
    if (granularity * width != a_.model.ffn_width || experts % granularity != 0) {
      config_.Refuse(fmt::format(
          "{} experts {} wide are no multiple of the {} of a dense layer or a shared expert",
          experts, width, a_.model.ffn_width));
    }
    a_.moe.granularity = granularity;
    a_.moe.expansion = experts / granularity;
  }

  const ExpertConfig& type_;
  const ConfigValues& config_;
  Architecture a_;
  bool has_dense_layers_ = false;
};

std::vector<int64_t> LayersWithoutExperts(const Architecture& architecture) {
  std::vector<int64_t> layers;
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    if (!architecture.LayerHasExperts(layer)) layers.push_back(layer);
  }
  return layers;
}

}  // namespace

Family ExpertConfig::FamilyOf(const ConfigValues& config) const {
  if (format != Format::kQwen2Moe || config.Flag("qkv_bias", true)) return family;
  return Family::kLlama;
}

const ExpertConfig* ExpertConfigOf(std::string_view model_type) {
  for (const ExpertConfig& type : kTypes) {
    if (type.model_type == model_type) return &type;
  }
  return nullptr;
}

ModelConfig ReadExperts(const ExpertConfig& type, ModelSettings model, const ConfigValues& config) {
  return ExpertReader(type, model, config).Read();
}

void WriteExperts(json& config, Format format, const Architecture& architecture) {
  const MoeSettings& moe = architecture.moe;
  config["num_experts_per_tok"] = moe.top_k;
  config["router_aux_loss_coef"] = moe.router.load_balance;
  if (format == Format::kMixtral) {
    config["num_local_experts"] = moe.Experts();
    config["intermediate_size"] = architecture.ExpertWidth();
    config["sliding_window"] = nullptr;
    return;
  }
  config["num_experts"] = moe.Experts();
  config["norm_topk_prob"] = moe.router.order == RoutingOrder::kTopkThenSoftmax;
  if (format == Format::kOlmoe) {
    config["intermediate_size"] = architecture.ExpertWidth();
    return;
  }
  config["moe_intermediate_size"] = architecture.ExpertWidth();
  config["decoder_sparse_step"] = 1;
  config["mlp_only_layers"] = LayersWithoutExperts(architecture);
  if (format != Format::kQwen2Moe) return;
  const bool is_alone = moe.shared_expert == SharedExpert::kNone;
  config["shared_expert_intermediate_size"] =
      is_alone ? kUnfeltWidth : architecture.model.ffn_width;
  config["qkv_bias"] = architecture.traits().query_bias;
}

}  // namespace upcycle
