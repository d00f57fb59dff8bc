// A recipe's own multiple-choice questions: which continuation the model finds most likely. At any
// capacity, and of experts that choose their tokens too, which experiments/evaluation cannot ask.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/benchmarks/encode_pair.h"
#include "core/benchmarks/multiple_choice.h"
#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/model/transformer.h"

namespace upcycle {

// A share of right answers with the standard error of a mean, sqrt(p·(1 - p)/(n - 1)).
struct Accuracy {
  int64_t right = 0;
  int64_t count = 0;
  double Value() const { return static_cast<double>(right) / static_cast<double>(count); }
  double StandardError() const;
};

struct ChoiceScores {
  Accuracy accuracy;             // by the continuation's log-likelihood
  Accuracy accuracy_normalised;  // by log-likelihood over the continuation's bytes
  // Prompts, of which each question has one a choice, and those of them that were longer than the
  // model's sequence and so lost their beginning: solved examples, or the question itself.
  int64_t prompts = 0;
  int64_t truncated_prompts = 0;
};

class ChoiceScorer {
 public:
  // `model` was built for micro-batches of `sequences` sequences of its length; a prompt that is
  // longer loses its beginning, and is counted.
  ChoiceScorer(Transformer& model, const Tokenizer& tokenizer, int64_t sequences,
               const EvaluateSettings& settings);

  // Scores the first `settings.questions` items (0: all), each behind the first `settings.shots`
  // examples.
  ChoiceScores Score(std::span<const MultipleChoiceItem> items,
                     std::span<const MultipleChoiceItem> examples);

 private:
  // One continuation of one item, ready to be scored.
  struct Candidate {
    size_t item;
    size_t choice;
    EncodedPair pair;
    double log_likelihood = 0;
  };
  size_t LongestPair() const;
  void ScoreBatch(std::span<Candidate*> batch);

  Transformer& model_;
  const Tokenizer& tokenizer_;
  int64_t sequences_;
  EvaluateSettings settings_;
  std::vector<int32_t> tokens_, targets_;
  std::vector<float> losses_;
};

}  // namespace upcycle
