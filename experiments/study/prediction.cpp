#include "experiments/study/prediction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "experiments/evaluation/answers.h"
#include "experiments/formats/model_source.h"
#include "experiments/model/expert_layout.h"
#include "experiments/model/model_cost.h"
#include "experiments/model/transformer.h"
#include "experiments/run/benchmark_order.h"
#include "experiments/run/device.h"
#include "experiments/run/text_order.h"
#include "kernels/gpus.h"

namespace upcycle {
namespace {

// Share of the sgemm rate by width, measured with `upcycle bench` (README.md), dense and experts
// alike.
struct MeasuredShare {
  double width, share;
};
constexpr std::array<MeasuredShare, 5> kShares = {
    {{32, 0.40}, {64, 0.65}, {128, 0.78}, {512, 0.87}, {1024, 0.93}}};

// Linear in the logarithm of the width.
double ShareAt(double width) {
  if (width <= kShares.front().width) return kShares.front().share;
  for (size_t i = 1; i < kShares.size(); ++i) {
    if (width > kShares[i].width) continue;
    const double t =
        std::log(width / kShares[i - 1].width) / std::log(kShares[i].width / kShares[i - 1].width);
    return kShares[i - 1].share + t * (kShares[i].share - kShares[i - 1].share);
  }
  return kShares.back().share;
}

int64_t Total(const MemoryBytes& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
}

int64_t OnDevice(const MemoryBytes& bytes) {
  return Total(bytes) - bytes[static_cast<size_t>(MemoryCategory::kHost)];
}

// What the device of a stage adds to a build.
ModelBuild On(const std::string& device, Precision precision, ModelBuild build) {
  build.activation_type = ActivationTypeOn(device, precision);
  build.on_gpu = IsGpu(device);
  return build;
}

MemoryBytes TrainMemory(const TrainOrder& order) {
  return Transformer::PlanMemory(order.architecture,
                                 On(order.execution.device, order.train.precision, BuildOf(order)));
}

MemoryBytes EvaluateMemory(const Architecture& architecture, const std::string& device,
                           Precision precision) {
  const int64_t length = architecture.model.sequence_length;
  const ModelBuild build = {.limits = {EvaluateSequences(length), length},
                            .purpose = Purpose::kEvaluate};
  return Transformer::PlanMemory(architecture, On(device, precision, build));
}

StagePrediction PredictTraining(const Stage& stage, double rate) {
  const TrainOrder order = ReadTrainOrder(stage);
  const Cost cost = CostOf(order.architecture);
  StagePrediction prediction;
  prediction.tokens = TrainTokens(order.train, order.architecture.model);
  prediction.flops = static_cast<double>(prediction.tokens) * cost.TrainFlops();
  prediction.memory = TrainMemory(order);
  prediction.memory_bytes = Total(prediction.memory);
  prediction.disk_bytes = cost.WeightBytes() + (order.keep_optimizer ? cost.OptimizerBytes() : 0);
  const double share = ShareAt(static_cast<double>(order.architecture.model.width));
  if (rate > 0) prediction.core_seconds = prediction.flops / (rate * share);
  return prediction;
}

// What a GPU's backend takes in such a training beside planned buffers, once it is used.
int64_t BackendBytes(const TrainOrder& order) {
  const ModelBuild build = On(order.execution.device, order.train.precision, BuildOf(order));
  if (!build.on_gpu) return 0;
  int64_t bytes = build.moments_on_host ? kCudaStagingBytes : 0;
  if (!order.architecture.has_experts) return bytes;
  const ExpertLayout layout = LayoutOf(
      order.architecture, build, order.architecture.moe.capacity_factor, build.limits.tokens());
  if (layout.path == ExpertPath::kStreams) bytes += kCudaStreamsBytes;
  return bytes;
}

// Where keys and values are kept of what is asked.
int64_t AskedBytes(const Architecture& architecture, const ExecutionSettings& execution,
                   Precision precision) {
  const int64_t length = architecture.model.sequence_length;
  return OnDevice(EvaluateMemory(architecture, execution.device, precision)) +
         AnswerBytes(architecture, ActivationTypeOn(execution.device, precision),
                     EvaluateSequences(length) * length);
}

// Of a model that no stage makes the configuration is read.
int64_t BenchmarkBytes(const Study& study, const BenchmarkOrder& order, const Stage& stage) {
  const Architecture architecture = order.model ? ModelSource(order.model->model).architecture()
                                                : ModelOf(study.stages.at(stage.inputs.at(0)));
  return AskedBytes(architecture, order.execution, order.precision);
}

int64_t TextBytes(const TextOrder& order) {
  return AskedBytes(ModelSource(order.model.model).architecture(), order.execution,
                    order.precision);
}

}  // namespace

int64_t DeviceBytesOf(const Study& study, const Stage& stage) {
  switch (stage.kind) {
    case StageKind::kTokens:
    case StageKind::kImport:
      return 0;
    case StageKind::kUpcycle:
      return OnDevice(EvaluateMemory(ReadUpcycleOrder(stage).target, ReadExecution(stage).device,
                                     Precision::kFloat32));
    case StageKind::kTrain:
      return OnDevice(TrainMemory(ReadTrainOrder(stage))) + BackendBytes(ReadTrainOrder(stage));
    case StageKind::kEvaluate:
      return OnDevice(EvaluateMemory(ModelOf(study.stages.at(stage.inputs.at(1))),
                                     ReadExecution(stage).device, PrecisionOf(stage)));
    case StageKind::kBenchmark:
      return BenchmarkBytes(study, ReadBenchmarkOrder(stage), stage);
    case StageKind::kText:
      return TextBytes(ReadTextOrder(stage));
  }
  return 0;
}

int64_t HostBytesOf(const Study& study, const Stage& stage, bool on_gpu) {
  if (stage.kind == StageKind::kTrain) {
    const MemoryBytes bytes = TrainMemory(ReadTrainOrder(stage));
    return on_gpu ? bytes[static_cast<size_t>(MemoryCategory::kHost)] : Total(bytes);
  }
  // Weights that are made or read; on the CPU what is computed with them too.
  const int64_t weights = PredictStage(stage, 0).memory_bytes;
  return on_gpu ? weights : std::max(weights, DeviceBytesOf(study, stage));
}

double TrainFlopsOf(const Stage& stage) {
  return stage.kind == StageKind::kTrain ? PredictTraining(stage, 0).flops : 0;
}

StagePrediction PredictStage(const Stage& stage, double flops_per_core_second) {
  if (stage.kind == StageKind::kTrain) return PredictTraining(stage, flops_per_core_second);
  StagePrediction prediction;
  if (stage.kind == StageKind::kUpcycle || stage.kind == StageKind::kImport) {
    const bool is_upcycled = stage.kind == StageKind::kUpcycle;
    const Cost cost = CostOf(is_upcycled ? ReadUpcycleOrder(stage).target : ModelOf(stage));
    prediction.disk_bytes = cost.WeightBytes();
    prediction.memory_bytes = cost.WeightBytes();
  }
  return prediction;
}

}  // namespace upcycle
