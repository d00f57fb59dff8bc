#include "core/benchmarks/benchmark.h"

#include <algorithm>

namespace upcycle {

BenchmarkRules RulesOf(Benchmark benchmark) {
  using enum PromptForm;
  using enum ExampleChoice;
  switch (benchmark) {
    case Benchmark::kMmlu:
      return {.form = kChoices, .examples = kFirst};
    case Benchmark::kArcEasy:
    case Benchmark::kArcChallenge:
    case Benchmark::kOpenBookQa:
    case Benchmark::kSciQ:
    case Benchmark::kLogiQa:
      return {.form = kChoices, .examples = kSampled, .normalised = true};
    case Benchmark::kHellaSwag:
    case Benchmark::kPiqa:
      return {.form = kChoices, .examples = kSampledOthers, .normalised = true};
    case Benchmark::kBoolQ:
      return {.form = kChoices, .examples = kSampledOthers};
    case Benchmark::kWinoGrande:
      return {.form = kPartial, .examples = kSampledOthers};
    case Benchmark::kTruthfulQaMc1:
      return {.form = kChoices, .takes_examples = false};
    case Benchmark::kLambada:
      return {.form = kLastWord, .examples = kSampled};
  }
  return {};
}

std::string DescriptionOf(Benchmark benchmark, std::string_view subject) {
  if (benchmark != Benchmark::kMmlu) return "";
  std::string spoken(subject);
  std::ranges::replace(spoken, '_', ' ');
  return "The following are multiple choice questions (with answers) about " + spoken + ".\n\n";
}

}  // namespace upcycle
