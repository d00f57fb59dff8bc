// A benchmark asked of a model: from its items to scores, as lm-evaluation-harness makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/benchmarks/benchmark.h"
#include "core/benchmarks/benchmark_score.h"
#include "core/benchmarks/benchmark_set.h"
#include "core/benchmarks/encode_pair.h"
#include "core/recipe/evaluate_settings.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/model/transformer.h"

namespace upcycle {

// What became of one item of a set.
struct AnsweredItem {
  const BenchmarkItem* item = nullptr;
  std::vector<ChoiceLikelihood> likelihoods;  // of its choices
  ItemScore score;
};

struct AnsweredSet {
  std::string name;  // "mmlu/college_physics", "arc_easy"
  std::vector<AnsweredItem> items;
  BenchmarkScores scores;
  int64_t truncated = 0;  // requests that lost their beginning: the model's sequences are shorter
};

// Asks as many tokens at a time as the model's limits hold. `observe` is told how many requests of
// how many are answered, and throws to break it off. The set outlives what is returned. Throws
// Error(kInput) for a benchmark that takes no examples, or has too few.
AnsweredSet AskSet(const BenchmarkSet& set, const BenchmarkSettings& settings, Transformer& model,
                   const Tokenizer& tokenizer, const std::function<void(size_t, size_t)>& observe);

}  // namespace upcycle
