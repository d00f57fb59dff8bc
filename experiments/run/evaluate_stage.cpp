// evaluate: held-out losses and multiple-choice accuracy of trained weights.

#include <algorithm>

#include "core/data/dataset.h"
#include "core/recipe/canonical.h"
#include "experiments/run/choice_score.h"
#include "experiments/run/model_folder.h"
#include "experiments/run/result_record.h"
#include "experiments/run/validation.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

// Tokens computed at once: enough rows for fast products, little memory.
constexpr int64_t kBatchTokens = 4096;

}  // namespace

void RunEvaluateStage(const StageContext& context) {
  const auto settings = SettingsFromJson<EvaluateSettings>(context.stage.settings);
  const Dataset dataset = OpenDataset(context.Input(0).tokens());
  const ModelFolder folder(context.Input(1).model());
  const int64_t length = folder.architecture().model.sequence_length;
  const int64_t sequences = std::max<int64_t>(1, kBatchTokens / length);
  Transformer model(context.backend, folder.architecture(), {sequences, length, 1},
                    Purpose::kEvaluate);
  folder.CopyTo(model.parameters(), context.backend);

  Validator validator(model, dataset, sequences, settings.capacity_factor);
  RecordValidation(context.journal, validator, dataset, settings.sequences);
  context.LeaveIfStopped();

  ChoiceScorer scorer(model, *dataset.tokenizer, sequences, settings);
  for (const QuestionSet& set : dataset.questions) {
    const ChoiceScores scores = scorer.Score(set.test, set.dev);
    const auto record = [&](const char* name, const Accuracy& accuracy) {
      RecordResult(context.journal, set.name + name, accuracy.Value(), accuracy.StandardError(),
                   accuracy.count);
    };
    record("/accuracy", scores.accuracy);
    record("/accuracy_normalised", scores.accuracy_normalised);
    context.LeaveIfStopped();
  }
}

}  // namespace upcycle
