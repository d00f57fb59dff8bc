// A benchmark asked of a model: from its folder to scores, as lm-evaluation-harness makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/benchmarks/benchmark.h"
#include "core/benchmarks/benchmark_score.h"
#include "core/benchmarks/benchmark_set.h"
#include "core/benchmarks/encode_pair.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/model/transformer.h"

namespace upcycle {

struct BenchmarkOrder {
  Benchmark benchmark = Benchmark::kMmlu;
  int64_t shots = 0;
  int64_t most_items = 0;     // of each set; 0: all
  int64_t batch_tokens = 0;   // that are computed at a time
  bool begins_texts = false;  // with the tokenizer's begin of text, where it has one
};

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

// The model's limits hold a batch of order.batch_tokens. The sets outlive what is returned. Throws
// Error(kInput) for a benchmark that takes no examples, or has too few.
AnsweredSet AskSet(const BenchmarkSet& set, const BenchmarkOrder& order, Transformer& model,
                   const Tokenizer& tokenizer, const std::function<void(size_t, size_t)>& observe);

}  // namespace upcycle
