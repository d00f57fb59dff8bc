// How far the experts of a layer are from each other: whether a mixture has begun to differ, and
// whether replicas are replicas.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "experiments/formats/model_source.h"
#include "kernels/backend.h"

namespace upcycle {

// Of pairs of experts, all of an expert's weights (gate, up and down) being one vector. A distance
// is |a - b| over the root of the mean |x|² of the layer's experts: 0 for copies, √2 for vectors
// that have nothing to do with each other.
struct ExpertPair {
  int64_t first = 0, second = 0;
  double distance = 0;
};
struct ExpertDistances {
  int64_t layer = 0;
  int64_t experts = 0;
  int64_t equal_pairs = 0;
  double mean_distance = 0;
  double mean_cosine = 0;
  ExpertPair nearest, farthest;
  double router_cosine = 0;  // mean over pairs of the router's rows
};

// Of each layer with experts. Pieces of all experts are in memory at a time, some 100 MB. `observe`
// is told how many numbers were read since the last time.
std::vector<ExpertDistances> ExpertDistancesOf(const ModelSource& source, Backend& backend,
                                               const std::function<void(int64_t)>& observe);

}  // namespace upcycle
