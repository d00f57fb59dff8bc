#include "experiments/bench/model_benchmark.h"

#include <algorithm>
#include <exception>

#include "core/error.h"
#include "experiments/model/model_cost.h"
#include "kernels/gpus.h"
#include "kernels/timed_backend.h"

namespace upcycle {
namespace {

constexpr int kTimedSteps = 3;

// Of the assignments that capacity could serve, those that it did.
double ServedShare(const Architecture& a, const std::optional<RoutingBalance>& balance) {
  const double room = std::min(1.0, a.moe.capacity_factor.factor.value_or(1.0));
  return balance ? (1 - balance->dropped_share) / room : 1;
}

std::optional<RoutingBalance> BalanceOf(const BenchmarkModel& model,
                                        const BenchmarkTraining& training) {
  if (!model.architecture.has_experts) return std::nullopt;
  const auto loads = training.trainer().loads();
  return BalanceOf(std::vector<std::vector<MoeBlock::Load>>(loads.begin(), loads.end()));
}

// Runs one part of a measurement. `part` returns the figure.
template <typename Value, typename Part>
void Try(Measured<Value>& measured, const Part& part) {
  try {
    measured.value = part();
    measured.problem.clear();
  } catch (const std::exception& error) {
    measured.problem = error.what();
  }
}

StepFigures MeasureBalanced(const BenchmarkModel& model, const BackendMaker& make_backend,
                            const BenchmarkOptions& options, ModelFigures& figures) {
  int64_t free_before = 0;
  if (options.gpu) free_before = FreeGpuBytes(*options.gpu);
  const auto backend = make_backend();
  BenchmarkTraining training(*backend, model.architecture, model.sequences);
  const StepTimes times = TimeSteps(training, options.seconds);
  Try(figures.taken_bytes, [&] {
    if (!options.gpu) throw Error(Cause::kDevice, "only a GPU's memory is asked for");
    return free_before - FreeGpuBytes(*options.gpu);
  });
  return FiguresOf(model, times, BalanceOf(model, training));
}

// Routers that nothing keeps balanced, on tokens as unequal as those of a language.
StepFigures MeasureLearned(const BenchmarkModel& model, const BackendMaker& make_backend,
                           const BenchmarkOptions& options) {
  Architecture unbalanced = model.architecture;
  unbalanced.moe.router.load_balance = 0;
  const auto backend = make_backend();
  BenchmarkTraining training(*backend, unbalanced, model.sequences, TokenDraw::kZipf);
  for (int64_t step = 0; step < options.learning_steps; ++step) training.Step();
  const StepTimes times = TimeSteps(training, options.seconds);
  StepFigures figures = FiguresOf(model, times, BalanceOf(model, training));
  figures.steps_before = options.learning_steps;
  return figures;
}

OpTimes MeasureOps(const BenchmarkModel& model, const BackendMaker& make_backend) {
  const auto backend = make_backend();
  TimedBackend timed(*backend);
  BenchmarkTraining training(timed, model.architecture, model.sequences);
  for (int i = 0; i < kTimedSteps; ++i) training.Step();
  timed.SetTiming(true);
  for (int i = 0; i < kTimedSteps; ++i) training.Step();
  double all = 0;
  for (const auto& [op, seconds] : timed.seconds()) all += seconds;
  OpTimes times;
  times.step_seconds = all / kTimedSteps;
  for (const auto& [op, seconds] : timed.seconds()) times.ops.push_back({op, seconds / all});
  std::ranges::stable_sort(times.ops, std::ranges::greater(), &OpTime::share);
  return times;
}

}  // namespace

RoutingBalance BalanceOf(const std::vector<std::vector<MoeBlock::Load>>& loads) {
  RoutingBalance balance;
  double layers = 0, assigned = 0, served = 0;
  for (const auto& micro_batch : loads) {
    for (const MoeBlock::Load& load : micro_batch) {
      double sum = 0;
      for (int32_t count : load.assigned) sum += count;
      for (int32_t count : load.served) served += count;
      if (sum == 0) continue;
      const double mean = sum / static_cast<double>(load.assigned.size());
      balance.largest_over_mean += std::ranges::max(load.assigned) / mean;
      assigned += sum;
      ++layers;
    }
  }
  if (layers == 0) return balance;
  balance.largest_over_mean /= layers;
  balance.dropped_share = 1 - served / assigned;
  return balance;
}

double Utilization(double flops, double peak_flops) {
  return peak_flops > 0 ? flops / peak_flops : 0;
}

StepFigures FiguresOf(const BenchmarkModel& model, const StepTimes& times,
                      const std::optional<RoutingBalance>& balance) {
  const Architecture& a = model.architecture;
  const double tokens = static_cast<double>(model.sequences * a.model.sequence_length);
  const double served = ServedShare(a, balance);
  Cost cost = CostOf(a);
  StepFigures figures;
  figures.step_seconds = times.median_seconds;
  figures.steps = times.steps;
  figures.balance = balance;
  figures.tokens_per_second = tokens / times.median_seconds;
  figures.model_flops = figures.tokens_per_second * cost.TrainFlops();
  cost.forward_flops.experts *= served;
  figures.served_flops = figures.tokens_per_second * cost.TrainFlops();
  const double top_k_served = balance ? 1 - balance->dropped_share : 1;
  figures.executed_flops =
      figures.tokens_per_second * ExecutedFlopsPerToken(a, a.model.sequence_length, top_k_served);
  return figures;
}

ModelFigures MeasureModel(const BenchmarkModel& model, const BackendMaker& make_backend,
                          const BenchmarkOptions& options,
                          const std::function<void(const ModelFigures&)>& report) {
  const bool experts = model.architecture.has_experts;
  ModelFigures figures;
  if (!experts) figures.learned.problem = figures.products.problem = "no experts";
  auto backend = make_backend();
  figures.planned = PlanBenchmarkTraining(model.architecture, model.sequences,
                                          backend->ActivationType(), backend->OnGpu());
  figures.taken_bytes.problem = "no steps were taken";
  report(figures);
  Try(figures.matmul_flops,
      [&] { return MeasureMatMulRate(*backend, options.matmul_size, options.seconds / 4); });
  backend.reset();
  Try(figures.balanced, [&] { return MeasureBalanced(model, make_backend, options, figures); });
  report(figures);
  if (experts) {
    Try(figures.products, [&] {
      const int64_t tokens = model.sequences * model.architecture.model.sequence_length;
      return MeasureExpertProducts(*make_backend(), model.architecture, tokens,
                                   options.seconds / 4);
    });
    report(figures);
    Try(figures.learned, [&] { return MeasureLearned(model, make_backend, options); });
    report(figures);
  }
  Try(figures.ops, [&] { return MeasureOps(model, make_backend); });
  report(figures);
  return figures;
}

}  // namespace upcycle
