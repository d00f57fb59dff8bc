// What a model says of the requests of a plan (core/benchmarks/request_plan.h). What requests share
// is computed once: examples before every item, and the context of an item's choices.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/benchmarks/benchmark_score.h"
#include "core/benchmarks/request_plan.h"
#include "experiments/model/transformer.h"

namespace upcycle {

// For each request of the plan, in its order. The model's limits hold the plan's batches. `observe`
// is told how many requests are answered, and throws to break it off. Throws Error as Decoder does.
std::vector<ChoiceLikelihood> AnswerRequests(const RequestPlan& plan, Transformer& model,
                                             const std::function<void(size_t)>& observe);

// The most bytes that keys and values take in between, for batches of this many positions.
int64_t AnswerBytes(const Architecture& architecture, DataType type, int64_t batch_positions);

}  // namespace upcycle
