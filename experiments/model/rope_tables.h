// Rotary positions (Su et al. 2021): by what angles queries and keys are turned.
#pragma once

#include <vector>

#include "core/recipe/model_settings.h"
#include "core/tensor.h"
#include "kernels/backend.h"

namespace upcycle {

// cos and sin of every position and frequency, [L, R/2] float32.
struct RopeTables {
  Tensor cosines, sines;
};

// Radians a position, [R/2] for R = RotaryWidth: theta^(-2i/R), lowered as model.rope_scaling says,
// by the rules of Hugging Face's modeling_rope_utils.
std::vector<double> RopeFrequencies(const ModelSettings& model);

// Fills both tables, which lie in the backend's memory; the angles are computed in double.
void FillRopeTables(Backend& backend, const RopeTables& tables, const ModelSettings& model);

}  // namespace upcycle
