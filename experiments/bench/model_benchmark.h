// Everything that `upcycle bench` measures of one model: memory, whole training steps with routing
// balanced and learned, where their time goes, and the experts' products alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/bench/benchmark_models.h"
#include "experiments/bench/product_benchmark.h"
#include "experiments/bench/step_benchmark.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// A figure, or why there is none.
template <typename Value>
struct Measured {
  std::optional<Value> value;
  std::string problem = "not tried";
};

// How evenly a step's assignments spread: means over the layers with experts.
struct RoutingBalance {
  double largest_over_mean = 0;  // load of the fullest expert, before anything is dropped
  double dropped_share = 0;      // of all assignments
};

struct StepFigures {
  double step_seconds = 0;  // median
  int64_t steps = 0;        // timed
  int64_t steps_before = 0;
  double tokens_per_second = 0;
  // Of each FLOP/s by its own convention, see cost.h and step_benchmark.h.
  double model_flops = 0;                 // rows that capacity can serve
  double served_flops = 0;                // rows that were served
  double executed_flops = 0;              // the same, and of attention's scores the causal half
  std::optional<RoutingBalance> balance;  // of the last step; none without experts
};

struct OpTime {
  std::string op;
  double share = 0;  // of all ops
};

struct OpTimes {
  std::vector<OpTime> ops;  // the longest first
  double step_seconds = 0;  // of all ops of one step, one by one
};

struct ModelFigures {
  MemoryBytes planned = {};
  Measured<double> matmul_flops;  // of one large MatMul, beside the rest
  Measured<int64_t> taken_bytes;  // on a GPU
  Measured<StepFigures> balanced, learned;
  Measured<OpTimes> ops;
  Measured<ExpertProductRates> products;
};

struct BenchmarkOptions {
  double seconds = 2;           // of each measurement, at least
  int64_t learning_steps = 40;  // before the learned routing is measured
  int64_t matmul_size = 8192;
  std::optional<int> gpu;  // whose memory is asked for
};

using BackendMaker = std::function<std::unique_ptr<Backend>()>;

// Measures part by part, each with a backend of its own; a part that fails says why and leaves the
// rest alone. `report` sees the figures after every part.
ModelFigures MeasureModel(const BenchmarkModel& model, const BackendMaker& make_backend,
                          const BenchmarkOptions& options,
                          const std::function<void(const ModelFigures&)>& report);

// The balance of the last step of a training with experts.
RoutingBalance BalanceOf(const std::vector<std::vector<MoeBlock::Load>>& loads);

// FLOP/s over the peak; 0 where the peak is not known.
double Utilization(double flops, double peak_flops);

// A model's figures from the time of its steps.
StepFigures FiguresOf(const BenchmarkModel& model, const StepTimes& times,
                      const std::optional<RoutingBalance>& balance);

}  // namespace upcycle
