#include "experiments/formats/formats.h"

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

bool IsLlamaLike(Family family) { return family == Family::kLlama || family == Family::kMistral; }

bool HasExpertsEverywhere(const Architecture& architecture) {
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    if (!architecture.LayerHasExperts(layer)) return false;
  }
  return true;
}

// What no class here has: each of them chooses by the largest logits and weighs by a softmax.
std::string ReasonAgainstRouter(const MoeSettings& moe) {
  const RouterSettings& router = moe.router;
  if (moe.ExpertsChoose()) return "its experts choose their tokens";
  if (router.score == RouterScore::kSigmoid) return "its router's scores are sigmoids";
  if (router.bias_rate > 0) return "its router has biases that count in the choice alone";
  if (router.normalize_logits > 0) return "its router's logits are normalized";
  if (router.noise) return "its router has weights for noise";
  if (moe.shared_expert == SharedExpert::kPlain) return "its shared expert has no gate";
  return "";
}

// What the classes of some families have no setting for.
std::string ReasonAgainstLayers(const ModelSettings& model) {
  const bool may_rotate_part =
      model.family == Family::kNemotron || model.family == Family::kNeoX || model.rotary_share == 1;
  if (!may_rotate_part) return "it rotates a part of each head";
  const bool is_whole = model.HeadWidth() * model.heads == model.width;
  switch (model.family) {
    case Family::kGpt2:
    case Family::kNeoX:
      if (!is_whole) return "its heads together are not as wide as the model";
      return model.KvHeads() == model.heads ? "" : "its heads share keys and values";
    case Family::kOlmo:
      if (model.norm_epsilon != 1e-5) return "the epsilon of its norms is not 1e-5";
      [[fallthrough]];
    case Family::kOlmo2:
    case Family::kOlmoe:
      return is_whole ? "" : "its heads together are not as wide as the model";
    default:
      return "";
  }
}

std::string ReasonAgainstDense(const Architecture& architecture) {
  if (architecture.has_experts) return "it has experts";
  const bool has_class = architecture.model.family != Family::kOlmoe;
  return has_class ? "" : "transformers has olmoe with experts only";
}

std::string ReasonAgainstMixtral(const Architecture& architecture) {
  const MoeSettings& moe = architecture.moe;
  if (!IsLlamaLike(architecture.model.family)) return "its dense layers are not Llama's";
  if (moe.router.order != RoutingOrder::kTopkThenSoftmax) {
    return "the weights of its chosen experts do not sum to 1 (moe.router.order: "
           "softmax_then_topk)";
  }
  if (!HasExpertsEverywhere(architecture)) return "some of its layers have no experts";
  return moe.shared_expert == SharedExpert::kNone ? "" : "it has a shared expert";
}

std::string ReasonAgainstQwen2Moe(const Architecture& architecture) {
  const Family family = architecture.model.family;
  if (family == Family::kQwen2 || IsLlamaLike(family)) return "";
  return "its dense layers are neither Qwen 2's nor Llama's";
}

std::string ReasonAgainstNumbered(const Architecture& architecture, Family family,
                                  std::string_view called) {
  if (architecture.model.family != family)
    return fmt::format("its dense layers are not {}'s", called);
  const bool is_alone = architecture.moe.shared_expert == SharedExpert::kNone;
  return is_alone ? "" : "it has a shared expert";
}

}  // namespace

std::string ReasonAgainst(Format format, const Architecture& architecture) {
  if (format == Format::kOwn) return "";
  std::string reason = ReasonAgainstLayers(architecture.model);
  if (!reason.empty()) return reason;
  if (format == Format::kDense) return ReasonAgainstDense(architecture);
  if (!architecture.has_experts) return "it has no experts";
  reason = ReasonAgainstRouter(architecture.moe);
  if (!reason.empty()) return reason;
  switch (format) {
    case Format::kMixtral:
      return ReasonAgainstMixtral(architecture);
    case Format::kQwen2Moe:
      return ReasonAgainstQwen2Moe(architecture);
    case Format::kQwen3Moe:
      return ReasonAgainstNumbered(architecture, Family::kQwen3, "Qwen 3");
    default:
      break;
  }
  if (!HasExpertsEverywhere(architecture)) return "some of its layers have no experts";
  return ReasonAgainstNumbered(architecture, Family::kOlmoe, "OLMoE");
}

Format FormatOf(const Architecture& architecture) {
  std::string reasons;
  for (const auto& [format, name, help] : EnumNames<Format>::values) {
    if (format == Format::kOwn) continue;
    const std::string reason = ReasonAgainst(format, architecture);
    if (reason.empty()) return format;
    if (format == Format::kDense && architecture.has_experts) continue;
    if (format != Format::kDense && !architecture.has_experts) continue;
    reasons += fmt::format("\n  {}: {}", name, reason);
  }
  throw Error(Cause::kInput,
              fmt::format("no class of Hugging Face transformers computes this model:{}\n`--format "
                          "upcycle` writes it all the same, for upcycle alone",
                          reasons));
}

}  // namespace upcycle
