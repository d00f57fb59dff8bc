// Rotary positions (Su et al. 2021): by what angles queries and keys are turned.
#pragma once

#include <vector>

#include "core/recipe/model_settings.h"
#include "core/tensor.h"
#include "experiments/model/cached_batch.h"
#include "kernels/backend.h"

namespace upcycle {

// cos and sin of every position and frequency, [L, R/2] float32.
struct RopeTables {
  Tensor cosines, sines;
};

// Where the tokens of a batch stand.
struct Positions {
  RopeTables rope;     // of the batch's length at least; empty where positions are learned
  ConstTensor starts;  // [n] int32, as attention takes it; empty: each sequence is one document
  // Where they go on from a cache: then `starts` is for rotation alone, which it tells where each
  // sequence began. Null: they do not.
  const CachedBatch* cached = nullptr;
};

// Radians a position, [R/2] for R = RotaryWidth: theta^(-2i/R), lowered as model.rope_scaling says,
// by the rules of Hugging Face's modeling_rope_utils.
std::vector<double> RopeFrequencies(const ModelSettings& model);

// Fills both tables, which lie in the backend's memory; the angles are computed in double.
void FillRopeTables(Backend& backend, const RopeTables& tables, const ModelSettings& model);

}  // namespace upcycle
