// How the rows of a layer's experts lie for one micro-batch, and how many there can be.
#pragma once

#include <cstdint>

#include "experiments/model/architecture.h"
#include "experiments/model/model_build.h"
#include "kernels/backend.h"

namespace upcycle {

// Rows an expert may serve: ceil(tokens · T / experts · factor); tokens where there is no capacity.
int64_t ExpertCapacity(const MoeSettings& moe, CapacityFactor factor, int64_t tokens);

struct ExpertLayout {
  ExpertPath path = ExpertPath::kGrouped;
  int64_t capacity = 0;
  int64_t rows = 0;  // R
};

// For `tokens` of a micro-batch. The build's path, or the one that the sizes suggest
// (kernels/expert_path.h); padded rows need a capacity, and buffers that hold them, and are grouped
// without. Where experts choose their tokens every expert fills its rows, so they are padded with
// nothing; `factor` is then the settings' own, in evaluation too.
ExpertLayout LayoutOf(const Architecture& architecture, const ModelBuild& build,
                      CapacityFactor factor, int64_t tokens);

// Rows that the build's buffers hold: those of its largest micro-batch with the capacity of
// training, and of an evaluation that drops nothing.
int64_t MostExpertRows(const Architecture& architecture, const ModelBuild& build);

}  // namespace upcycle
