#include "core/recipe/cost.h"

#include <algorithm>

#include "core/recipe/batch_plan.h"

namespace upcycle {
namespace {

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// A gated MLP has three matrices, an ungated one two.
int64_t MlpParameters(const ModelSettings& model, int64_t hidden_width) {
  const int64_t matrices = model.family == Family::kLlama ? 3 : 2;
  return matrices * model.width * hidden_width;
}

int64_t AttentionParameters(const ModelSettings& model) {
  const int64_t heads = 2 * model.heads + 2 * model.KvHeads();  // query, output; key, value
  return model.width * model.HeadWidth() * heads;
}

// Two norms a block and one at the end; a LayerNorm has a bias beside its weight.
int64_t NormParameters(const ModelSettings& model) {
  const int64_t vectors = model.family == Family::kLlama ? 1 : 2;
  return (2 * model.layers + 1) * vectors * model.width;
}

// Scores and weighted values of one layer: each a product with every position of the sequence.
double ScoreFlops(const ModelSettings& model) {
  return 4.0 * static_cast<double>(model.sequence_length) *
         static_cast<double>(model.heads * model.HeadWidth());
}

int64_t CountExpertLayers(const ModelSettings& model, const MoeSettings* moe) {
  int64_t count = 0;
  for (int64_t layer = 0; moe != nullptr && layer < model.layers; ++layer) {
    if (moe->layers.Contains(layer)) ++count;
  }
  return count;
}

// Rows that the experts of one layer compute, per token.
double ServedRows(const MoeSettings& moe) {
  const double top_k = static_cast<double>(moe.top_k);
  return top_k * std::min(1.0, moe.capacity_factor.factor.value_or(1.0));
}
double PaddedRows(const MoeSettings& moe) {
  const double rows = static_cast<double>(moe.top_k) * moe.capacity_factor.factor.value_or(1.0);
  return std::min(rows, static_cast<double>(moe.Experts()));
}

}  // namespace

Cost CostOf(const ModelSettings& model, const MoeSettings* moe, int64_t vocabulary) {
  const int64_t expert_layers = CountExpertLayers(model, moe);
  const int64_t dense_layers = model.layers - expert_layers;
  Cost cost;
  ByPart<int64_t>& parameters = cost.parameters;
  parameters.embedding = vocabulary * model.width;
  parameters.head = model.tied_embeddings ? 0 : vocabulary * model.width;
  parameters.attention = model.layers * AttentionParameters(model);
  parameters.mlp = dense_layers * MlpParameters(model, model.ffn_width);
  parameters.norms = NormParameters(model);

  ByPart<double>& flops = cost.forward_flops;
  flops.attention = 2.0 * static_cast<double>(parameters.attention) +
                    static_cast<double>(model.layers) * ScoreFlops(model);
  flops.mlp = 2.0 * static_cast<double>(parameters.mlp);
  flops.head = 2.0 * static_cast<double>(vocabulary * model.width);

  cost.active_parameters = parameters;
  cost.padded_forward_flops = flops;
  if (expert_layers == 0) return cost;

  const int64_t one_expert = MlpParameters(model, model.ffn_width / moe->granularity);
  parameters.experts = expert_layers * moe->Experts() * one_expert;
  parameters.router = expert_layers * moe->Experts() * model.width;
  cost.active_parameters.experts = expert_layers * moe->top_k * one_expert;
  cost.active_parameters.router = parameters.router;

  const double row_flops = 2.0 * static_cast<double>(expert_layers * one_expert);
  flops.router = 2.0 * static_cast<double>(parameters.router);
  flops.experts = row_flops * ServedRows(*moe);
  cost.padded_forward_flops.router = flops.router;
  cost.padded_forward_flops.experts = row_flops * PaddedRows(*moe);
  return cost;
}

Cost CostOf(const RunSettings& settings) {
  return CostOf(settings.model, settings.HasExperts() ? &settings.moe : nullptr,
                Vocabulary(settings.data.tokenizer));
}

Cost CostOfParent(const RunSettings& settings) {
  return CostOf(settings.model, nullptr, Vocabulary(settings.data.tokenizer));
}

int64_t Vocabulary(const TokenizerSettings& tokenizer) {
  const int64_t pieces = tokenizer.kind == TokenizerKind::kBytes ? 256 + 1 : tokenizer.vocabulary;
  return RoundUp(pieces, 8);
}

int64_t TokensPerStep(const TrainSettings& train, const ModelSettings& model) {
  return train.batch_sequences * model.sequence_length;
}

int64_t TrainSteps(const TrainSettings& train, const ModelSettings& model) {
  return std::max<int64_t>(1, BatchPlan(train, model).StepsIn(train.tokens));
}

int64_t TrainTokens(const TrainSettings& train, const ModelSettings& model) {
  return BatchPlan(train, model).TokensOf(TrainSteps(train, model));
}

}  // namespace upcycle
