// A stage is a step of a run whose output is worth keeping. It is named by a fingerprint of all
// that decides its result, so equal stages of different arms, studies and days are one stage, done
// once.
//
//   tokens    text → tokenizer, token files, questions
//   import    a model that lies somewhere → the dense parent
//   upcycle   dense parent → the first weights of a mixture of experts
//   train     tokens (and first weights) → trained weights
//   evaluate  tokens, trained weights → validation losses and accuracies
//   benchmark a benchmark, trained weights or a model from outside → its answers, and their scores
//   text      a text, a model from outside → how likely that model finds it
//
// On disk a stage is a folder named by its fingerprint: stage.json (what it is), journal (what
// happened, core/journal.h), log.txt (what the process printed), lock and heartbeat (who is at it,
// and that it lives), and its output: `tokens/` or `model/`. An output folder appears whole or not
// at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/benchmarks/benchmark.h"
#include "core/enum_names.h"
#include "core/files.h"
#include "core/fingerprint.h"
#include "core/recipe/settings.h"
#include "experiments/model/architecture.h"
#include "experiments/model/model_build.h"
#include "results/ledger/records.h"

namespace upcycle {

// Raised whenever the same settings would give other numbers than before: old results then stay
// what they are, under their own fingerprints.
inline constexpr uint64_t kNumericsVersion = 1;

enum class StageKind { kTokens, kUpcycle, kTrain, kEvaluate, kImport, kBenchmark, kText };
template <>
struct EnumNames<StageKind> {
  static constexpr EnumName<StageKind> values[] = {
      {StageKind::kTokens, "tokens", "text becomes tokens"},
      {StageKind::kUpcycle, "upcycle", "a dense model becomes a mixture of experts"},
      {StageKind::kTrain, "train", "training"},
      {StageKind::kEvaluate, "evaluate", "evaluation"},
      {StageKind::kImport, "import", "a model is read"},
      {StageKind::kBenchmark, "benchmark", "questions are asked"},
      {StageKind::kText, "text", "a text is read"},
  };
};

// Whether a stage of this kind has anything for a GPU to do.
constexpr bool ComputesOnDevice(StageKind kind) {
  return kind != StageKind::kTokens && kind != StageKind::kImport;
}

// Whether a stage of this kind leaves files that later ones read; of others all is in the journal.
constexpr bool HasOutput(StageKind kind) {
  return kind != StageKind::kEvaluate && kind != StageKind::kBenchmark && kind != StageKind::kText;
}

struct Stage {
  StageKind kind = StageKind::kTokens;
  nlohmann::json settings;          // decides the result
  std::vector<Fingerprint> inputs;  // in the order that the kind states
  nlohmann::json execution;  // threads, device, how often to record: not part of the identity

  // Of kind, settings, inputs and kNumericsVersion.
  Fingerprint Identity() const;

  nlohmann::json ToJson() const;
  static Stage FromJson(const nlohmann::json& json);
};

struct RunStage {
  StagePlace place;
  Stage stage;
};

// What lies in the files that a run reads.
struct RunContent {
  Fingerprint data;    // DatasetFingerprint (core/data/dataset.h)
  Fingerprint parent;  // ModelFingerprint (experiments/formats), where model.from names one
  std::map<Benchmark, Fingerprint> benchmarks = {};  // ContentOf (core/benchmarks), of its tasks
};

// The stages of the run with these settings and this seed, each behind its inputs.
//
// Inputs: import reads {tokens}; upcycle {tokens, parent, branches…}; train {tokens}, {tokens,
// first weights} or, for experts that were made from a parent, {tokens, first weights, parent};
// evaluate {tokens, train}; benchmark {train}. A branch is a train stage {tokens, parent}; like the
// parent it serves all seeds.
std::vector<RunStage> StagesOf(const RunSettings& settings, int64_t seed,
                               const RunContent& content);

// The model that a train or import stage leaves, the dense one that an upcycle stage starts from.
Architecture ModelOf(const Stage& stage);
// Where and how fast.
ExecutionSettings ReadExecution(const Stage& stage);
// Of the activations while the stage computes.
Precision PrecisionOf(const Stage& stage);

// What a train stage is told.
struct TrainOrder {
  Architecture architecture;
  TrainSettings train;
  uint64_t seed = 0;
  double parent_rate =
      0;  // the rate with which the parent ended, for learning_rate.start: continue
  bool keep_optimizer = false;  // AdamW's moments lie beside the trained weights
  int64_t carried_steps = 0;    // of the parent, whose moments it goes on with; 0: begins at zero
  bool masks_documents = false;
  ExecutionSettings execution;
};
TrainOrder ReadTrainOrder(const Stage& stage);
// How its model is held.
ModelBuild BuildOf(const TrainOrder& order);

// What an import stage is told.
struct ImportOrder {
  Architecture architecture;
  fs::path from;
  std::string content;  // the ModelFingerprint of what lies there, in hexadecimal
};
ImportOrder ReadImportOrder(const Stage& stage);

// What an upcycle stage is told.
struct UpcycleOrder {
  Architecture target;
  UpcycleSettings upcycle;
  uint64_t seed = 0;
  bool masks_documents = false;  // where its start is measured
};
UpcycleOrder ReadUpcycleOrder(const Stage& stage);

// What an evaluate stage is told.
struct EvaluateOrder {
  EvaluateSettings settings;
  bool masks_documents = false;
};
EvaluateOrder ReadEvaluateOrder(const Stage& stage);

}  // namespace upcycle
