// Models that lie somewhere, asked the same benchmarks and given the same texts: a study of stages
// that has no recipe.
#pragma once

#include <string>
#include <vector>

#include "core/files.h"
#include "core/recipe/settings.h"
#include "experiments/study/study.h"

namespace upcycle {

struct EvaluatedModel {
  std::string name;  // what tables call it; each has its own
  fs::path model;
  fs::path tokenizer;  // its file or folder
};

struct ReadText {
  std::string name;  // each has its own
  fs::path file;
  int64_t block = 0;  // tokens behind one beginning; 0: as many as a sequence holds
};

struct ModelEvaluation {
  std::string name;  // of the study
  std::vector<EvaluatedModel> models;
  std::vector<ReadText> texts;
  EvaluateSettings settings;  // its benchmarks and precision
  ExecutionSettings execution;
};

// One arm for each model, and of each one run with a stage for each benchmark and text.
// Reads models, tokenizers, benchmarks and texts for their fingerprints. Throws Error(kInput) for
// what cannot be read, a text that is not UTF-8, a tokenizer of more tokens than its model has, and
// a model that cannot be asked.
Study MakeStudy(const ModelEvaluation& evaluation);

// What the ledger keeps of it. Its metric is the accuracy on the first benchmark, or the loss on
// the first text; nothing is judged.
StudyRecord RecordOf(const ModelEvaluation& evaluation, const Study& study);

}  // namespace upcycle
