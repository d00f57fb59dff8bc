// How far experts have moved from the dense MLP that they were cut from (He 2024:
// about 1 under a constant small learning rate, 0.6 to 0.7 after a reset to a large one).
#pragma once

#include <vector>

#include "experiments/formats/model_folder.h"
#include "experiments/model/parameters.h"
#include "experiments/upcycling/expert_neurons.h"

namespace upcycle {

// For each layer with experts, the mean over its experts of the cosine between all of an expert's
// weights (gate, up and down as one vector) and the neurons of the parent that it started from.
// Scaling at the start does not change it where all matrices scale alike.
std::vector<double> ParentCosines(const ModelParameters& parameters, Backend& backend,
                                  const ModelFolder& parent, const ExpertNeurons& neurons);

}  // namespace upcycle
