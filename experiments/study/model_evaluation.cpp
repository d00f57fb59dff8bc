#include "experiments/study/model_evaluation.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/recipe/canonical.h"
#include "core/tokenizers/tokenizer.h"
#include "core/utf8.h"
#include "experiments/evaluation/text_loss.h"
#include "experiments/formats/parent_model.h"
#include "experiments/model/model_cost.h"
#include "experiments/run/benchmark_order.h"
#include "experiments/run/text_order.h"

namespace upcycle {
namespace {

using nlohmann::json;

// As stages keep it, whatever folder they run in: in JSON.
fs::path Recorded(const fs::path& path) {
  const fs::path whole = fs::absolute(path);
  const size_t valid = ValidUtf8Prefix(whole.native());
  if (valid == whole.native().size()) return whole;
  throw Error(Cause::kInput, fmt::format("the path {}… goes on with what is not UTF-8, and cannot "
                                         "be recorded: rename what lies there",
                                         whole.native().substr(0, valid)));
}

OutsideModel Read(const EvaluatedModel& asked, const std::vector<ReadText>& texts) {
  const ModelSource source(asked.model);
  const auto tokenizer = Tokenizer::Load(asked.tokenizer);
  const Architecture& architecture = source.architecture();
  RequireTokensOf(*tokenizer, source);
  for (const ReadText& text : texts) {
    RequireBlock(text.block, *tokenizer, architecture.model.sequence_length);
  }
  if (architecture.has_experts && architecture.moe.ExpertsChoose()) {
    throw Error(Cause::kInput,
                fmt::format("in {} experts choose among the tokens of a whole batch: what it says "
                            "of a question would depend on the questions beside it",
                            asked.model.native()));
  }
  return {Recorded(asked.model), Recorded(asked.tokenizer), OutsideContent(source, *tokenizer)};
}

ArmCost CostOfModel(const Architecture& architecture) {
  const Cost cost = CostOf(architecture);
  ArmCost record;
  record.parameters_total = static_cast<double>(cost.parameters.Total());
  record.parameters_active = static_cast<double>(cost.active_parameters.Total());
  if (architecture.has_experts) record.experts = architecture.moe.Experts();
  return record;
}

json SettingsOf(const Architecture& architecture, const ModelEvaluation& evaluation) {
  json settings = {{"model", ResultSettings(architecture.model)},
                   {"evaluate", ResultSettings(evaluation.settings)}};
  settings["model"].erase("from");
  if (architecture.has_experts) settings["moe"] = ResultSettings(architecture.moe);
  return settings;
}

// What is asked of every model, without the model.
struct Questions {
  std::vector<BenchmarkOrder> benchmarks;
  std::vector<TextOrder> texts;
};

Questions ReadQuestions(const ModelEvaluation& evaluation) {
  Questions questions;
  BenchmarkSettings settings = evaluation.settings.benchmarks;
  if (!settings.folder.empty()) settings.folder = Recorded(settings.folder);
  for (const Benchmark benchmark : BenchmarksNamed(settings.tasks)) {
    questions.benchmarks.push_back({.benchmark = benchmark,
                                    .content = ReadBenchmarkContent(benchmark, settings),
                                    .settings = settings,
                                    .precision = evaluation.settings.precision,
                                    .execution = evaluation.execution,
                                    .model = {}});
  }
  for (const ReadText& text : evaluation.texts) {
    questions.texts.push_back({.name = text.name,
                               .file = Recorded(text.file),
                               .content = Hasher().Add(OpenAskedText(text.file).text()).Finish(),
                               .block = text.block,
                               .precision = evaluation.settings.precision,
                               .execution = evaluation.execution,
                               .model = {}});
  }
  return questions;
}

std::vector<Stage> StagesFor(const OutsideModel& model, const Questions& questions) {
  std::vector<Stage> stages;
  for (BenchmarkOrder order : questions.benchmarks) {
    order.model = model;
    stages.push_back(BenchmarkStage(order, std::nullopt));
  }
  for (TextOrder order : questions.texts) {
    order.model = model;
    stages.push_back(TextStage(order));
  }
  return stages;
}

}  // namespace

Study MakeStudy(const ModelEvaluation& evaluation) {
  Study study;
  study.recipe.name = evaluation.name;
  study.recipe.seeds = {0};
  const Questions questions = ReadQuestions(evaluation);
  for (const EvaluatedModel& asked : evaluation.models) {
    Arm arm;
    arm.name = asked.name;
    arm.settings.execution = evaluation.execution;
    Study::Run run{study.recipe.arms.size(), 0, {}};
    study.recipe.arms.push_back(std::move(arm));
    int64_t number = 0;
    for (Stage& stage : StagesFor(Read(asked, evaluation.texts), questions)) {
      study.Add({StageRole::kBenchmark, number++}, std::move(stage), run);
    }
    study.runs.push_back(std::move(run));
  }
  return study;
}

StudyRecord RecordOf(const ModelEvaluation& evaluation, const Study& study) {
  StudyRecord record;
  record.name = evaluation.name;
  record.description = "Models from outside, asked questions and given texts.";
  const bool asks = !evaluation.settings.benchmarks.tasks.empty();
  record.metric = asks ? evaluation.settings.benchmarks.tasks.front() + "/accuracy"
                       : evaluation.texts.front().name + "/loss";
  record.preference = asks ? Preference::kHigher : Preference::kLower;
  json models = json::array();
  for (const EvaluatedModel& asked : evaluation.models) {
    const Architecture architecture = ModelSource(asked.model).architecture();
    models.push_back({{"name", asked.name}, {"path", asked.model.native()}});
    record.arms.push_back({.name = asked.name,
                           .settings = SettingsOf(architecture, evaluation).dump(),
                           .cost = CostOfModel(architecture)});
  }
  record.recipe = json({{"evaluate", AllSettings(evaluation.settings)}, {"models", models}}).dump();
  RecordStages(study, record);
  return record;
}

}  // namespace upcycle
