// AdamW's moments on disk: `optimizer.safetensors` beside a model's weights, "m.NAME" and "v.NAME"
// for each of its tensors, in float32 whatever held them, so that a training may go on elsewhere.
#pragma once

#include "core/files.h"
#include "experiments/model/parameters.h"
#include "experiments/upcycling/expert_neurons.h"

namespace upcycle {

// Writes the moments into a model's folder.
void WriteMoments(const fs::path& folder, const ModelParameters& parameters, Backend& backend);

// Reads those of the same model. Throws Error(kInput) where they are missing or of another shape.
void ReadMoments(const fs::path& folder, ModelParameters& parameters, Backend& backend);

// Reads those of the dense parent of a model: each weight takes the moments of the weight that it
// was made from, an expert those of its `neurons` (null for a dense model), and routers begin at
// zero. They are taken as they are although a scaled weight has a smaller gradient: AdamW's step is
// m / √v, which a common factor does not change. Throws as ReadMoments does.
void CarryMoments(const fs::path& parent, const ExpertNeurons* neurons, ModelParameters& parameters,
                  Backend& backend);

}  // namespace upcycle
