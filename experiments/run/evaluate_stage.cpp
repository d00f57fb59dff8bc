// evaluate: held-out losses and multiple-choice accuracy of trained weights.

#include <algorithm>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "core/data/dataset.h"
#include "core/recipe/canonical.h"
#include "experiments/formats/model_folder.h"
#include "experiments/run/choice_score.h"
#include "experiments/run/result_record.h"
#include "experiments/run/validation.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

// A question whose solved examples were cut off is no longer the one that was asked for: the share
// of such prompts stands beside the accuracy, also where it is 0.
void RecordScores(JournalWriter& journal, const std::string& set, const ChoiceScores& scores) {
  const auto record = [&](const char* name, const Accuracy& accuracy) {
    RecordResult(journal, set + name, accuracy.Value(), accuracy.StandardError(), accuracy.count);
  };
  record("/accuracy", scores.accuracy);
  record("/accuracy_normalised", scores.accuracy_normalised);
  const double share =
      static_cast<double>(scores.truncated_prompts) / static_cast<double>(scores.prompts);
  RecordResult(journal, set + "/truncated_prompts", share, 0, scores.prompts);
  if (scores.truncated_prompts == 0) return;
  fmt::print(stderr,
             "{}: {} of {} prompts were longer than the model's sequence and lost their beginning; "
             "lower evaluate.shots or raise model.sequence_length\n",
             set, scores.truncated_prompts, scores.prompts);
}

}  // namespace

void RunEvaluateStage(const StageContext& context) {
  const auto [settings, masks_documents] = ReadEvaluateOrder(context.stage);
  const Dataset dataset = OpenDataset(context.Input(0).tokens());
  const ModelFolder folder(context.Input(1).model());
  const int64_t length = folder.architecture().model.sequence_length;
  const int64_t sequences = EvaluateSequences(length);
  ModelBuild build = {{sequences, length, 1}, Purpose::kEvaluate};
  build.masks_documents = masks_documents;
  Transformer model(context.backend, folder.architecture(), build);
  folder.CopyTo(model.parameters(), context.backend);

  Validator validator(model, dataset, sequences, settings.capacity_factor);
  RecordValidation(context.journal, validator, dataset, settings.sequences);
  context.LeaveIfStopped();

  ChoiceScorer scorer(model, *dataset.tokenizer, sequences, settings);
  for (const QuestionSet& set : dataset.questions) {
    const ChoiceScores scores = scorer.Score(set.test, set.dev);
    RecordScores(context.journal, set.name, scores);
    context.LeaveIfStopped();
  }
}

}  // namespace upcycle
