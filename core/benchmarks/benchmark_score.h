// From log-likelihoods to the numbers that lm-evaluation-harness reports, in float64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/benchmarks/benchmark.h"
#include "core/benchmarks/benchmark_item.h"

namespace upcycle {

// What a model says about one continuation.
struct ChoiceLikelihood {
  double log_likelihood = 0;  // in nats, the sum over the continuation's tokens
  bool greedy = false;        // each of its tokens was the most likely one
};

struct ItemScore {
  bool right = false;             // acc: the most likely choice; LAMBADA: the greedy one
  bool right_normalised = false;  // acc_norm: the most likely by log-likelihood over characters
  double log_likelihood = 0;      // of the right choice
};

// `likelihoods` are of the item's choices, in their order; of equal ones the first wins. acc_norm
// divides by the choice's length in code points, without the space before it. Throws
// Error(kDiverged) for a likelihood that is not a number.
ItemScore ScoreItem(Benchmark benchmark, const BenchmarkItem& item,
                    std::span<const ChoiceLikelihood> likelihoods);

// A mean, or what is made of one, over `count` items. Of one item nothing is known about the error.
struct Estimate {
  double value = 0;
  std::optional<double> standard_error = {};
  int64_t count = 0;
};

// The mean with its standard error sqrt(Σ (x - mean)² / (n - 1)) / sqrt(n). Not of no values.
Estimate MeanOf(std::span<const double> values);

inline constexpr int64_t kBootstrapIterations = 100'000;

// exp(-mean) of log-likelihoods; its standard error is the standard deviation over bootstrap
// samples, as the harness draws them: a thousand from each of random.Random(0), (1), … Costs
// iterations × values draws: six seconds for LAMBADA's 5,153.
Estimate PerplexityOf(std::span<const double> log_likelihoods,
                      int64_t iterations = kBootstrapIterations);

struct BenchmarkScores {
  Estimate accuracy;
  std::optional<Estimate> accuracy_normalised;  // where RulesOf says so
  std::optional<Estimate> perplexity;           // LAMBADA
};

BenchmarkScores Summarise(Benchmark benchmark, std::span<const ItemScore> scores,
                          int64_t bootstrap_iterations = kBootstrapIterations);

// Subjects as one: the mean weighted by their sizes, and the pooled standard error
// sqrt(Σ (n_i - 1) n_i s_i² / (Σ n_i - k) / Σ n_i) over k subjects. One of a single item, for which
// the harness gives up on the error of all, adds nothing to it.
Estimate PoolSubjects(std::span<const Estimate> subjects);

}  // namespace upcycle
