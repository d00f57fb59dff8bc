// What a model says of the requests of a plan (core/benchmarks/request_plan.h). What requests share
// is computed once: examples before every item, and the context of an item's choices.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/benchmarks/benchmark_score.h"
#include "core/benchmarks/request_plan.h"
#include "experiments/model/decoder.h"

namespace upcycle {

// How many slots and tokens a decoder needs for a plan of these limits.
struct AnswerLimits {
  int64_t slots = 0;
  int64_t capacity = 0;
};
AnswerLimits LimitsOf(const RequestPlan& plan);

// For each request of the plan, in its order. The decoder has at least these limits; what its slots
// hold is lost. `observe` is told how many requests are answered, and throws to break it off.
std::vector<ChoiceLikelihood> AnswerRequests(const RequestPlan& plan, Decoder& decoder,
                                             const std::function<void(size_t)>& observe);

}  // namespace upcycle
