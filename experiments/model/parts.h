// The tensors of a model as the rest of the world knows them: one Part for each matrix or vector of
// a Hugging Face checkpoint. In memory several parts lie fused in one weight (q, k and v; gate and
// up; all experts of a layer), see parameters.h.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "experiments/model/architecture.h"

namespace upcycle {

enum class PartKind {
  kEmbedding,      // [V, D]
  kAttentionNorm,  // [D]
  kAttentionNormBias,
  kQuery,   // [H·W, D]
  kKey,     // [K·W, D]
  kValue,   // [K·W, D]
  kOutput,  // [D, H·W]
  kFeedForwardNorm,
  kFeedForwardNormBias,
  kGate,        // [F, D]
  kUp,          // [F, D]
  kDown,        // [D, F]
  kRouter,      // [E, D]
  kExpertGate,  // [F/G, D]
  kExpertUp,    // [F/G, D]
  kExpertDown,  // [D, F/G]
  kFinalNorm,
  kFinalNormBias,
  kHead,  // [V, D], absent where embeddings are tied
  // Where the settings ask for them. Numbers of kinds are part of random streams' names: new ones
  // stand at the end.
  kRouterNoise,   // [E, D], of noisy top-k
  kRouterBias,    // [E], of loss-free balancing
  kSharedGate,    // [F, D], of the expert that takes every token
  kSharedUp,      // [F, D]
  kSharedDown,    // [D, F]
  kSharedWeight,  // [1, D], what its sigmoid reads with
  // Where the family has them.
  kQueryBias,   // [H·W]
  kKeyBias,     // [K·W]
  kValueBias,   // [K·W]
  kOutputBias,  // [D]
  kUpBias,      // [F]
  kDownBias,    // [D]
  kQueryNorm,   // [W], or [H·W] over all heads
  kKeyNorm,     // [W], or [K·W]
  kPositions,   // [L, D], added to the embedding
};

struct Part {
  PartKind kind;
  int64_t layer = -1;   // -1 outside the layers
  int64_t expert = -1;  // -1 outside the experts
  bool operator==(const Part&) const = default;
};

// What a router learns beside its weights begins with nothing, wherever a run starts: noise of the
// size that Shazeer et al. 2017 start with, an even bias, a gate that is half open.
constexpr bool BeginsAtZero(PartKind kind) {
  return kind == PartKind::kRouterNoise || kind == PartKind::kRouterBias ||
         kind == PartKind::kSharedWeight;
}

// The matrices of the expert that takes every token.
constexpr bool IsOfSharedExpert(PartKind kind) {
  return kind == PartKind::kSharedGate || kind == PartKind::kSharedUp ||
         kind == PartKind::kSharedDown;
}

// Rows [begin, begin + out.size() / columns) of a part of a model, row-major; a vector's elements
// are rows of one number.
using RowReader = std::function<void(const Part&, int64_t begin, std::span<float> out)>;

// All parts of a model, in the order in which checkpoints hold them.
std::vector<Part> ListParts(const Architecture& architecture);

Shape PartShape(const Part& part, const Architecture& architecture);

// How parts are called in a checkpoint. Mixtral's names where its class can express the model
// (experts in every layer, topk_then_softmax); otherwise Llama's, with experts as `mlp.experts.N`,
// what Llama lacks in the same manner, and norms behind attention and MLP as OLMo 2 calls them.
std::string PartName(const Part& part, const Architecture& architecture);

// Whether layers without experts are what Hugging Face's LlamaForCausalLM and MistralForCausalLM
// compute.
bool HasLlamaLayers(const ModelSettings& model);

// Whether Hugging Face's MixtralForCausalLM computes this architecture.
bool IsMixtral(const Architecture& architecture);

}  // namespace upcycle
