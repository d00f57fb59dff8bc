// Which of the three ways computes products over experts fastest, told by their sizes alone.
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "kernels/backend.h"

namespace upcycle {

// One layer's products for one micro-batch.
struct ExpertSizes {
  int64_t experts = 0;      // E
  int64_t assignments = 0;  // n·T
  int64_t capacity = 0;     // rows that an expert may serve; 0 where all are served
  int64_t width = 0;        // D
  int64_t hidden = 0;       // F of one expert
};

// The path for a backend with these activations. In this order:
//   kGrouped in float32, where there are no tensor cores to fill, and so always on the CPU;
//   kPadded where one batch fills its tiles and does not pad too much: no waiting, one launch;
//   kStreams for few, large experts, whose products are worth the wait for their sizes;
//   kGrouped for all else: many narrow experts lose more to a launch each than our kernel does.
ExpertPath ChooseExpertPath(const ExpertSizes& sizes, DataType activation_type);

}  // namespace upcycle
