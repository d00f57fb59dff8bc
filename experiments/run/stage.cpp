#include "experiments/run/stage.h"

#include <utility>

#include "core/check.h"
#include "core/data/dataset.h"
#include "core/error.h"
#include "core/random.h"
#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/effective.h"
#include "experiments/run/benchmark_order.h"
#include "experiments/run/schedule.h"
#include "experiments/run/text_order.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr char kMaskDocuments[] = "mask_documents";

StageKind KindFromName(const std::string& name) {
  if (const auto kind = ValueNamed<StageKind>(name)) return *kind;
  throw Error(Cause::kInput, "unknown kind of stage \"" + name + "\": written by another version?");
}

// The keys of `moe` that decide the first weights. The others (capacity, losses) begin to matter
// with training, so arms that differ in them alone share their start.
json StartSettings(const MoeSettings& moe) {
  json settings = ResultSettings(moe);
  // How many experts choose a token is part of what scaling makes up for.
  if (!moe.ExpertsChoose()) settings.erase("capacity_factor");
  settings.erase("drop_policy");
  for (const char* key : {"load_balance", "balance_scope", "z_loss", "jitter", "sinkhorn_rounds"}) {
    settings["router"].erase(key);
  }
  return settings;
}

json ExecutionOf(const RunSettings& settings, const TrainSettings* train) {
  json execution = AllSettings(settings.execution);
  if (train != nullptr) execution["train"] = AllSettings(*train);
  return execution;
}

json ModelPart(const Architecture& architecture) {
  json part = {{"model", ResultSettings(architecture.model)},
               {"vocabulary", architecture.vocabulary}};
  if (architecture.has_experts) part["moe"] = ResultSettings(architecture.moe);
  return part;
}

json BlendOf(const DataSettings& data) {
  json weights = json::object();
  for (const SourceSettings& source : data.train) weights[NameOf(source)] = source.weight;
  return weights;
}

// A mask is not there where there is none: identities are older than it.
void MarkMasking(Stage& stage, const DataSettings& data) {
  if (data.mask_documents) stage.settings[kMaskDocuments] = true;
}

Stage TrainStage(const Architecture& architecture, const RunSettings& settings,
                 const TrainSettings& train, int64_t seed, std::vector<Fingerprint> inputs) {
  Stage stage{StageKind::kTrain, ModelPart(architecture), std::move(inputs),
              ExecutionOf(settings, &train)};
  stage.settings["train"] = ResultSettings(train);
  stage.settings["blend"] = BlendOf(settings.data);
  stage.settings["seed"] = seed;
  MarkMasking(stage, settings.data);
  return stage;
}

Stage ParentStage(const Architecture& dense, const RunSettings& settings,
                  const Fingerprint& tokens) {
  Stage stage = TrainStage(dense, settings, settings.parent.train, settings.parent.seed, {tokens});
  if (settings.parent.keep_optimizer) stage.settings["keep_optimizer"] = true;
  return stage;
}

Stage ImportStage(const Architecture& dense, const RunSettings& settings, const std::string& from,
                  const RunContent& content, const Fingerprint& tokens) {
  Stage stage{
      StageKind::kImport, ModelPart(dense), {tokens}, ExecutionOf(settings, /*train=*/nullptr)};
  stage.settings["content"] = content.parent.Hex();
  stage.execution["from"] = from;
  return stage;
}

// The parent trained on with one source. Its seed is its own, so that branches of one source still
// read it in different orders.
Stage BranchStage(const Architecture& dense, const RunSettings& settings, int64_t branch,
                  std::vector<Fingerprint> inputs) {
  const RandomStream seeds(static_cast<uint64_t>(settings.parent.seed), "upcycle/branches");
  const uint64_t number = static_cast<uint64_t>(branch);
  Stage stage = TrainStage(dense, settings, settings.BranchTraining(),
                           static_cast<int64_t>(seeds.Bits(number) >> 1), std::move(inputs));
  const std::vector<SourceSettings>& sources = settings.data.train;
  stage.settings["blend"] = {{NameOf(sources[number % sources.size()]), 1.0}};
  return stage;
}

int64_t CountBranches(const UpcycleSettings& settings) {
  return settings.method == UpcycleMethod::kBranchTrainMix ? settings.branches : 0;
}

double LastRate(const TrainSettings& train, const ModelSettings& model) {
  return Schedule(train.learning_rate, TrainSteps(train, model), 0).Last();
}

Stage EvaluateStage(const RunSettings& settings, const Fingerprint& tokens,
                    const Fingerprint& model) {
  Stage stage{StageKind::kEvaluate,
              ResultSettings(settings.evaluate),
              {tokens, model},
              ExecutionOf(settings, nullptr)};
  stage.settings.erase("benchmarks");  // stages of their own
  MarkMasking(stage, settings.data);
  return stage;
}

}  // namespace

Fingerprint Stage::Identity() const {
  Hasher hasher;
  hasher.Add(kNumericsVersion).Add(NameOf(kind)).Add(settings.dump());
  for (const Fingerprint& input : inputs) hasher.Add(input);
  return hasher.Finish();
}

json Stage::ToJson() const {
  json names = json::array();
  for (const Fingerprint& input : inputs) names.push_back(input.Hex());
  return {{"kind", NameOf(kind)},
          {"settings", settings},
          {"inputs", names},
          {"execution", execution},
          {"numerics_version", kNumericsVersion}};
}

Stage Stage::FromJson(const json& json) {
  Stage stage{KindFromName(json.at("kind")), json.at("settings"), {}, json.at("execution")};
  for (const std::string hex : json.at("inputs")) stage.inputs.push_back(Fingerprint::FromHex(hex));
  return stage;
}

std::vector<RunStage> StagesOf(const RunSettings& written, int64_t seed,
                               const RunContent& content) {
  RunSettings settings = EffectiveSettings(written);
  const std::string from = std::exchange(settings.model.from, "");  // its content decides, not it
  const Architecture architecture = ArchitectureOf(settings, Vocabulary(settings));
  std::vector<RunStage> stages;
  const auto add = [&](StagePlace place, Stage stage) {
    stages.push_back({place, std::move(stage)});
    return stages.back().stage.Identity();
  };

  // The content stands for all data settings but where the files lie, which is no part of the
  // identity.
  Stage data{
      StageKind::kTokens, {{"content", content.data.Hex()}}, {}, ExecutionOf(settings, nullptr)};
  data.execution["data"] = AllSettings(settings.data);
  const Fingerprint tokens = add(StageRole::kTokens, data);

  std::vector<Fingerprint> start = {tokens};
  if (settings.HasParent()) {
    Stage parent_stage = from.empty()
                             ? ParentStage(architecture.Dense(), settings, tokens)
                             : ImportStage(architecture.Dense(), settings, from, content, tokens);
    const Fingerprint parent = add(StageRole::kParent, std::move(parent_stage));
    add(StageRole::kParentEvaluate, EvaluateStage(settings, tokens, parent));
    start.push_back(parent);
  }
  if (settings.HasParent() && settings.HasExperts()) {
    Stage upcycle{StageKind::kUpcycle, ModelPart(architecture.Dense()), start,
                  ExecutionOf(settings, nullptr)};
    for (int64_t branch = 0; branch < CountBranches(settings.upcycle); ++branch) {
      upcycle.inputs.push_back(add({StageRole::kBranch, branch},
                                   BranchStage(architecture.Dense(), settings, branch, start)));
    }
    upcycle.settings["moe"] = StartSettings(settings.moe);
    upcycle.settings["upcycle"] = ResultSettings(settings.upcycle);
    upcycle.settings["upcycle"].erase("optimizer");  // no part of the first weights
    upcycle.settings["seed"] = seed;
    MarkMasking(upcycle, settings.data);
    start = {tokens, add(StageRole::kStart, upcycle), start.back()};
  }

  Stage train = TrainStage(architecture, settings, settings.train, seed, start);
  if (settings.HasParent() && settings.train.learning_rate.start == ScheduleStart::kContinue) {
    train.settings["parent_rate"] = LastRate(settings.parent.train, settings.model);
  }
  if (settings.upcycle.optimizer == OptimizerStart::kCarry) {
    train.settings["carried_steps"] = TrainSteps(settings.parent.train, settings.model);
  }
  const Fingerprint trained = add(StageRole::kTrain, train);
  add(StageRole::kEvaluate, EvaluateStage(settings, tokens, trained));
  int64_t number = 0;
  for (const Benchmark benchmark : BenchmarksNamed(settings.evaluate.benchmarks.tasks)) {
    const BenchmarkOrder order = {.benchmark = benchmark,
                                  .content = content.benchmarks.at(benchmark),
                                  .settings = settings.evaluate.benchmarks,
                                  .precision = settings.evaluate.precision,
                                  .execution = settings.execution,
                                  .model = {}};
    add({StageRole::kBenchmark, number++}, BenchmarkStage(order, trained));
  }
  return stages;
}

Architecture ModelOf(const Stage& stage) {
  return ArchitectureFromJson(stage.settings, stage.settings.at("vocabulary"));
}

ExecutionSettings ReadExecution(const Stage& stage) {
  json settings = stage.execution;
  for (const char* other : {"train", "data", "from", "folder", "tokenizer", "file"})
    settings.erase(other);
  return SettingsFromJson<ExecutionSettings>(settings);
}

Precision PrecisionOf(const Stage& stage) {
  switch (stage.kind) {
    case StageKind::kTrain:
      return ReadTrainOrder(stage).train.precision;
    case StageKind::kEvaluate:
      return ReadEvaluateOrder(stage).settings.precision;
    case StageKind::kBenchmark:
      return ReadBenchmarkOrder(stage).precision;
    case StageKind::kText:
      return ReadTextOrder(stage).precision;
    case StageKind::kTokens:
    case StageKind::kImport:
    case StageKind::kUpcycle:
      break;
  }
  return Precision::kFloat32;
}

TrainOrder ReadTrainOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kTrain);
  const TrainSettings train = SettingsFromJson<TrainSettings>(stage.execution.at("train"));
  UPCYCLE_CHECK(ResultSettings(train) == stage.settings.at("train"));
  return {ModelOf(stage),
          train,
          stage.settings.at("seed"),
          stage.settings.value("parent_rate", 0.0),
          stage.settings.value("keep_optimizer", false),
          stage.settings.value("carried_steps", int64_t{0}),
          stage.settings.value(kMaskDocuments, false),
          ReadExecution(stage)};
}

ModelBuild BuildOf(const TrainOrder& order) {
  const int64_t sequences = order.train.MicroBatchSequences();
  return {.limits = {sequences, order.architecture.model.sequence_length,
                     order.train.batch_sequences / sequences},
          .purpose = Purpose::kTrain,
          .recompute = order.execution.recompute,
          .expert_path = order.execution.expert_path,
          .moments = order.train.optimizer.moments,
          .moments_on_host = order.execution.offload_optimizer,
          .masks_documents = order.masks_documents};
}

ImportOrder ReadImportOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kImport);
  return {ModelOf(stage), stage.execution.at("from").get<std::string>(),
          stage.settings.at("content")};
}

UpcycleOrder ReadUpcycleOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kUpcycle);
  return {ModelOf(stage), SettingsFromJson<UpcycleSettings>(stage.settings.at("upcycle")),
          stage.settings.at("seed"), stage.settings.value(kMaskDocuments, false)};
}

EvaluateOrder ReadEvaluateOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kEvaluate);
  json settings = stage.settings;
  settings.erase(kMaskDocuments);
  return {SettingsFromJson<EvaluateSettings>(settings),
          stage.settings.value(kMaskDocuments, false)};
}

}  // namespace upcycle
