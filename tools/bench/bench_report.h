// What `upcycle bench` found of the benchmark models, as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "experiments/bench/model_benchmark.h"

namespace upcycle {

// Name and sizes of a model, as whoever builds the same one elsewhere needs them.
nlohmann::json ModelShapeJson(const BenchmarkModel& model);

// The shape and every figure; a figure that there is none of is {"not_measured": reason}.
// `peak_flops` is 0 where it is not known.
nlohmann::json ModelFiguresJson(const BenchmarkModel& model, const ModelFigures& figures,
                                double peak_flops);

// The same with nothing but the plan.
nlohmann::json NotMeasuredJson(const BenchmarkModel& model, const MemoryBytes& planned,
                               const std::string& reason);

}  // namespace upcycle
