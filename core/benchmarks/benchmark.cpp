#include "core/benchmarks/benchmark.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/spelling.h"

namespace upcycle {

namespace {

Error UnknownName(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& entry : EnumNames<Benchmark>::values) known.emplace_back(entry.name);
  return {Cause::kInput, fmt::format("there is no benchmark \"{}\"{} There are {}", name,
                                     DidYouMean(name, known), fmt::join(known, ", "))};
}

}  // namespace

std::vector<Benchmark> BenchmarksNamed(std::span<const std::string> names) {
  std::vector<Benchmark> benchmarks;
  for (const std::string& name : names) {
    const auto benchmark = ValueNamed<Benchmark>(name);
    if (!benchmark) throw UnknownName(name);
    if (std::ranges::find(benchmarks, *benchmark) != benchmarks.end()) {
      throw Error(Cause::kInput, fmt::format("the benchmark {} is named twice", name));
    }
    benchmarks.push_back(*benchmark);
  }
  return benchmarks;
}

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
