#include "core/recipe/cost.h"

#include <algorithm>
#include <cmath>

#include "core/recipe/batch_plan.h"

namespace upcycle {
namespace {

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// A gated MLP has three matrices, another two.
int64_t MlpMatrices(const ModelSettings& model, int64_t hidden_width) {
  const int64_t matrices = IsGated(model.Traits().activation) ? 3 : 2;
  return matrices * model.width * hidden_width;
}

int64_t MlpParameters(const ModelSettings& model, int64_t hidden_width) {
  const int64_t biases = model.Traits().mlp_bias ? hidden_width + model.width : 0;
  return MlpMatrices(model, hidden_width) + biases;
}

// The matrices of queries, keys, values and output.
int64_t AttentionMatrices(const ModelSettings& model) {
  const int64_t heads = 2 * model.heads + 2 * model.KvHeads();
  return model.width * model.HeadWidth() * heads;
}

int64_t AttentionParameters(const ModelSettings& model) {
  const FamilyTraits traits = model.Traits();
  const int64_t inner = (model.heads + 2 * model.KvHeads()) * model.HeadWidth();
  return AttentionMatrices(model) + (traits.query_bias ? inner : 0) +
         (traits.output_bias ? model.width : 0);
}

// Two norms a block and one at the end, and those of queries and keys; a LayerNorm has a bias
// beside its weight.
int64_t NormParameters(const ModelSettings& model) {
  const FamilyTraits traits = model.Traits();
  const int64_t vectors = traits.norm == NormKind::kPlainLayer ? 0
                          : traits.norm == NormKind::kLayer    ? 2
                                                               : 1;
  int64_t of_queries = 0;
  if (traits.query_key_norm == QueryKeyNorm::kHead) of_queries = 2 * model.HeadWidth();
  if (traits.query_key_norm == QueryKeyNorm::kWhole) {
    of_queries = (model.heads + model.KvHeads()) * model.HeadWidth();
  }
  return (2 * model.layers + 1) * vectors * model.width + model.layers * of_queries;
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

// Matrices of the router that a token is multiplied with: its weights, and those of its noise.
int64_t RouterMatrices(const ModelSettings& model, const MoeSettings& moe) {
  return moe.Experts() * model.width * (moe.router.noise ? 2 : 1);
}
int64_t RouterParameters(const ModelSettings& model, const MoeSettings& moe) {
  return RouterMatrices(model, moe) + (moe.router.bias_rate > 0 ? moe.Experts() : 0);
}

// An MLP as wide as the dense one, and the row that a gate reads with.
int64_t SharedParameters(const ModelSettings& model, const MoeSettings& moe) {
  if (moe.shared_expert == SharedExpert::kNone) return 0;
  const int64_t gate = moe.shared_expert == SharedExpert::kGated ? model.width : 0;
  return MlpParameters(model, model.ffn_width) + gate;
}

// Rows that the routed experts of one layer compute, per token. Experts that choose fill whatever
// they have room for.
double ServedRows(const MoeSettings& moe) {
  const double top_k = static_cast<double>(moe.top_k);
  const double factor = moe.capacity_factor.factor.value_or(1.0);
  if (moe.ExpertsChoose()) return std::min(top_k * factor, static_cast<double>(moe.Experts()));
  return top_k * std::min(1.0, factor);
}
// Experts of one layer that a token is sent to, whether or not they have room for it.
double MetExperts(const MoeSettings& moe) {
  return moe.ExpertsChoose() ? ServedRows(moe) : static_cast<double>(moe.top_k);
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
  const int64_t positions = model.Traits().learned_positions ? model.sequence_length : 0;
  parameters.embedding = (vocabulary + positions) * model.width;
  parameters.head = model.tied_embeddings ? 0 : vocabulary * model.width;
  parameters.attention = model.layers * AttentionParameters(model);
  parameters.mlp = dense_layers * MlpParameters(model, model.ffn_width);
  parameters.norms = NormParameters(model);

  ByPart<double>& flops = cost.forward_flops;
  flops.attention = static_cast<double>(model.layers) *
                    (2.0 * static_cast<double>(AttentionMatrices(model)) + ScoreFlops(model));
  flops.mlp = 2.0 * static_cast<double>(dense_layers * MlpMatrices(model, model.ffn_width));
  flops.head = 2.0 * static_cast<double>(vocabulary * model.width);

  cost.active_parameters = parameters;
  cost.padded_forward_flops = flops;
  if (expert_layers == 0) return cost;

  const int64_t one_expert = MlpParameters(model, model.ffn_width / moe->granularity);
  const int64_t shared = SharedParameters(model, *moe);
  parameters.experts = expert_layers * (moe->Experts() * one_expert + shared);
  parameters.router = expert_layers * RouterParameters(model, *moe);
  cost.active_parameters.experts =
      expert_layers * (std::llround(MetExperts(*moe) * static_cast<double>(one_expert)) + shared);
  cost.active_parameters.router = parameters.router;

  const double row_flops = 2.0 * static_cast<double>(expert_layers * one_expert);
  const double shared_flops = 2.0 * static_cast<double>(expert_layers * shared);
  flops.router = 2.0 * static_cast<double>(expert_layers * RouterMatrices(model, *moe));
  flops.experts = row_flops * ServedRows(*moe) + shared_flops;
  cost.padded_forward_flops.router = flops.router;
  cost.padded_forward_flops.experts = row_flops * PaddedRows(*moe) + shared_flops;
  return cost;
}

Cost CostOf(const RunSettings& settings) {
  return CostOf(settings.model, settings.HasExperts() ? &settings.moe : nullptr,
                Vocabulary(settings));
}

Cost CostOfParent(const RunSettings& settings) {
  return CostOf(settings.model, nullptr, Vocabulary(settings));
}

int64_t Vocabulary(const RunSettings& settings) {
  if (settings.model.vocabulary > 0) return settings.model.vocabulary;
  return Vocabulary(settings.data.tokenizer);
}

int64_t WithTwoMatricesAnAddedExpert(const ByPart<int64_t>& parameters,
                                     const ByPart<int64_t>& parent, Family family) {
  const int64_t added = parameters.mlp + parameters.experts - parent.mlp;
  return parent.Total() + (IsGated(TraitsOf(family).activation) ? added * 2 / 3 : added);
}

double ExpertTraffic(const ModelSettings& model, const MoeSettings& moe, Precision precision,
                     int64_t devices) {
  const double bytes = precision == Precision::kBFloat16 ? 2 : 4;
  const double elsewhere = 1 - 1 / static_cast<double>(devices);
  return 4 * static_cast<double>(CountExpertLayers(model, &moe)) * PaddedRows(moe) *
         static_cast<double>(model.width) * bytes * elsewhere;
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
