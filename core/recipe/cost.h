// What a run costs, counted and not measured.
//
// Convention: a multiply-add is 2 FLOPs; only matrix products count; attention scores count in full
// although half of them are masked; training is three forward passes. With it Llama-3-8B at
// sequence 8192 takes 4.744e14 FLOPs forward and backward for one sequence, its E8G1T2
// upcycling 7.515e14, as Vavre 2024 gives them.
#pragma once

#include <cstdint>

#include "core/recipe/settings.h"

namespace upcycle {

template <typename Number>
struct ByPart {
  Number embedding = 0;
  Number attention = 0;
  Number mlp = 0;      // dense
  Number experts = 0;  // routed and shared
  Number router = 0;
  Number norms = 0;
  Number head = 0;  // 0 parameters where it is the embedding

  Number Total() const { return embedding + attention + mlp + experts + router + norms + head; }
  bool operator==(const ByPart&) const = default;
};

struct Cost {
  ByPart<int64_t> parameters;
  // What a token meets: T experts a layer. Where experts choose, as many as do so on average.
  ByPart<int64_t> active_parameters;
  // Per token. An expert layer computes min(1, factor)·T rows a token: what capacity can serve.
  ByPart<double> forward_flops;
  // Per token, with the rows that capacity makes room for: factor·T, at most all experts.
  ByPart<double> padded_forward_flops;

  double TrainFlops() const { return 3 * forward_flops.Total(); }  // per token
  double PaddedTrainFlops() const { return 3 * padded_forward_flops.Total(); }

  // float32 weights, as many gradients, and the two moments of AdamW.
  int64_t WeightBytes() const { return 4 * parameters.Total(); }
  int64_t GradientBytes() const { return 4 * parameters.Total(); }
  int64_t OptimizerBytes() const { return 8 * parameters.Total(); }
};

// `moe` is null for a dense model.
Cost CostOf(const ModelSettings& model, const MoeSettings* moe, int64_t vocabulary);
Cost CostOf(const RunSettings& settings);
Cost CostOfParent(const RunSettings& settings);

// Rows of the embedding: model.vocabulary, or the tokenizer's pieces, rounded up to a multiple
// of 8. `bytes` has 256 bytes and end of text; of a file it is known where the file was read.
int64_t Vocabulary(const RunSettings& settings);
int64_t Vocabulary(const TokenizerSettings& tokenizer);

// The parent's parameters, and of what experts add to its gated MLPs two of three matrices: how the
// counts of Vavre 2024, table 1, come about (34.4B and 11.8B where 47.49B and 13.67B are held and
// used). Without gates every matrix counts, and only the router is left out.
int64_t WithTwoMatricesAnAddedExpert(const ByPart<int64_t>& parameters,
                                     const ByPart<int64_t>& parent, Family family);

// Bytes that a token sends between devices in training, forward and backward, when each layer's
// experts lie evenly on `devices` of them (expert parallelism, GShard, arXiv 2006.16668): its rows
// go to their experts and come back, and so do their gradients: 4 · rows · D · bytes of an
// activation · (1 - 1/devices), for rows as capacity makes room for them.
double ExpertTraffic(const ModelSettings& model, const MoeSettings& moe, Precision precision,
                     int64_t devices);

// Of a whole batch, which a ramp's first steps do not reach (batch_plan.h).
int64_t TokensPerStep(const TrainSettings& train, const ModelSettings& model);
// The whole batches that a training's tokens make, at least 1.
int64_t TrainSteps(const TrainSettings& train, const ModelSettings& model);
// The tokens of these steps.
int64_t TrainTokens(const TrainSettings& train, const ModelSettings& model);

}  // namespace upcycle
