// How fast a training step is, for `upcycle bench`.
#pragma once

#include <cstdint>

#include "experiments/run/architecture.h"
#include "kernels/backend.h"

namespace upcycle {

struct StepRate {
  double tokens_per_second = 0;
  double gflops = 0;  // of arithmetic really done, 1e9 a second
};

// FLOPs of one token's training step as the trainer executes them: 2 for a multiply-add, backward
// twice forward, and of attention's scores the causal half alone (the cost model of core/recipe
// counts them in full, as the literature does).
double ExecutedFlopsPerToken(const Architecture& architecture, int64_t length);

// The median over whole training steps on random tokens, after warm-up, for at least `seconds`.
StepRate MeasureStep(Backend& backend, const Architecture& architecture, int64_t sequences,
                     double seconds);

}  // namespace upcycle
