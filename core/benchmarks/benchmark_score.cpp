#include "core/benchmarks/benchmark_score.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/benchmarks/python_random.h"
#include "core/check.h"
#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr int64_t kSamplesOfSeed = 1000;

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double StandardDeviation(std::span<const double> values) {
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

int IndexOfLargest(std::span<const double> values) {
  return static_cast<int>(std::ranges::max_element(values) - values.begin());
}

double BootstrapError(std::span<const double> log_likelihoods, int64_t iterations) {
  const auto size = static_cast<double>(log_likelihoods.size());
  const int64_t chunk = std::min(kSamplesOfSeed, iterations);
  std::vector<double> perplexities;
  for (int64_t seed = 0; seed < iterations / chunk; ++seed) {
    PythonRandom random(static_cast<uint64_t>(seed));
    for (int64_t i = 0; i < chunk; ++i) {
      double sum = 0;
      for (size_t k = 0; k < log_likelihoods.size(); ++k) {
        sum += log_likelihoods[static_cast<size_t>(random.Uniform() * size)];
      }
      perplexities.push_back(std::exp(-sum / size));
    }
  }
  return StandardDeviation(perplexities);
}

std::vector<double> Column(std::span<const ItemScore> scores, auto field) {
  std::vector<double> values;
  for (const ItemScore& score : scores) values.push_back(static_cast<double>(score.*field));
  return values;
}

}  // namespace

ItemScore ScoreItem(Benchmark benchmark, const BenchmarkItem& item,
                    std::span<const ChoiceLikelihood> likelihoods) {
  UPCYCLE_CHECK_EQ(likelihoods.size(), item.choices.size());
  const auto answer = static_cast<size_t>(item.answer);
  ItemScore score{.log_likelihood = likelihoods[answer].log_likelihood};
  std::vector<double> plain, by_length;
  for (size_t i = 0; i < likelihoods.size(); ++i) {
    const double log_likelihood = likelihoods[i].log_likelihood;
    if (std::isnan(log_likelihood)) {
      throw Error(Cause::kDiverged,
                  fmt::format("the model's log-likelihood of \"{}\" is not a number; its weights "
                              "are damaged, or its training diverged",
                              item.choices[i]));
    }
    plain.push_back(log_likelihood);
    by_length.push_back(log_likelihood / static_cast<double>(CountCharacters(item.choices[i])));
  }
  if (RulesOf(benchmark).form == PromptForm::kLastWord) {
    score.right = likelihoods[answer].greedy;
    return score;
  }
  score.right = IndexOfLargest(plain) == item.answer;
  score.right_normalised = IndexOfLargest(by_length) == item.answer;
  return score;
}

Estimate MeanOf(std::span<const double> values) {
  UPCYCLE_CHECK(!values.empty());
  Estimate estimate{.value = Mean(values), .count = std::ssize(values)};
  if (values.size() > 1) {
    estimate.standard_error =
        StandardDeviation(values) / std::sqrt(static_cast<double>(values.size()));
  }
  return estimate;
}

Estimate PerplexityOf(std::span<const double> log_likelihoods, int64_t iterations) {
  UPCYCLE_CHECK(!log_likelihoods.empty());
  UPCYCLE_CHECK(iterations > 1);
  Estimate estimate{.value = std::exp(-Mean(log_likelihoods)),
                    .count = std::ssize(log_likelihoods)};
  if (log_likelihoods.size() > 1) {
    estimate.standard_error = BootstrapError(log_likelihoods, iterations);
  }
  return estimate;
}

BenchmarkScores Summarise(Benchmark benchmark, std::span<const ItemScore> scores,
                          int64_t bootstrap_iterations) {
  const BenchmarkRules rules = RulesOf(benchmark);
  BenchmarkScores summary;
  summary.accuracy = MeanOf(Column(scores, &ItemScore::right));
  if (rules.normalised) {
    summary.accuracy_normalised = MeanOf(Column(scores, &ItemScore::right_normalised));
  }
  if (rules.form == PromptForm::kLastWord) {
    summary.perplexity =
        PerplexityOf(Column(scores, &ItemScore::log_likelihood), bootstrap_iterations);
  }
  return summary;
}

Estimate PoolSubjects(std::span<const Estimate> subjects) {
  UPCYCLE_CHECK(!subjects.empty());
  double weighted = 0, squares = 0;
  Estimate all;
  for (const Estimate& subject : subjects) {
    const auto size = static_cast<double>(subject.count);
    const double error = subject.standard_error.value_or(0);  // one item: its weight is 0
    weighted += subject.value * size;
    squares += (size - 1) * error * error * size;
    all.count += subject.count;
  }
  const auto total = static_cast<double>(all.count);
  all.value = weighted / total;
  const auto freedom = all.count - std::ssize(subjects);
  if (freedom > 0) all.standard_error = std::sqrt(squares / static_cast<double>(freedom) / total);
  return all;
}

}  // namespace upcycle
