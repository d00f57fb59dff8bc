// From an item to what a model is asked, string for string as lm-evaluation-harness asks it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/benchmarks/benchmark_set.h"

namespace upcycle {

// How likely is `continuation` behind `context`?
struct ScoredText {
  std::string context;
  std::string continuation;
  bool operator==(const ScoredText&) const = default;
};

// For each of the first `count` items of the set, the solved examples that stand before it, as
// indices into `set.examples`, in their order. Sampled examples depend on `seed`, on the number of
// examples in the set, and on all items before: the harness draws for one item after the other from
// one random.Random(seed). Throws Error(kInput) where the set has too few examples, or the
// benchmark takes none.
std::vector<std::vector<uint32_t>> ChooseExamples(const BenchmarkSet& set, size_t count,
                                                  int64_t shots, uint64_t seed = kExampleSeed);

// What is asked for an item behind the given examples: a question for each of its choices.
std::vector<ScoredText> PromptsOf(const BenchmarkSet& set, const BenchmarkItem& item,
                                  std::span<const uint32_t> examples);

}  // namespace upcycle
