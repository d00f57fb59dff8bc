#include "core/benchmarks/benchmark_prompt.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/benchmarks/python_random.h"
#include "core/error.h"

namespace upcycle {
namespace {

std::string SolvedText(const BenchmarkItem& item, PromptForm form) {
  const std::string& answer = item.choices[static_cast<size_t>(item.answer)];
  if (form != PromptForm::kPartial) return item.context + " " + answer + "\n\n";
  // An empty rest of the sentence is no answer to the harness: no end is written behind it either.
  return item.ending.empty() ? answer : answer + " " + item.ending + "\n\n";
}

// The harness draws one more than it needs where the item itself may be among them; where that was
// not enough, because it stands there more than once, it draws again from the others.
std::vector<uint32_t> SampleOthers(const BenchmarkSet& set, const BenchmarkItem& item,
                                   uint32_t shots, PythonRandom& random) {
  const auto is_item = [&](uint32_t index) { return set.examples[index].record == item.record; };
  const auto all = static_cast<uint32_t>(set.examples.size());
  std::vector<uint32_t> sample = random.Sample(all, shots + 1);
  std::erase_if(sample, is_item);
  if (sample.size() >= shots) {
    sample.resize(shots);
    return sample;
  }
  std::vector<uint32_t> others(all);
  std::iota(others.begin(), others.end(), 0U);
  std::erase_if(others, is_item);
  if (others.size() < shots) {
    throw Error(Cause::kInput, fmt::format("{} has {} examples besides the item itself; asked for "
                                           "{} before each",
                                           set.examples_file, others.size(), shots));
  }
  sample = random.Sample(static_cast<uint32_t>(others.size()), shots);
  for (uint32_t& index : sample) index = others[index];
  return sample;
}

void RefuseWithoutExamples(const BenchmarkSet& set, const BenchmarkRules& rules, uint64_t shots) {
  if (!rules.takes_examples) {
    throw Error(Cause::kInput,
                fmt::format("{} has its own solved examples in each prompt and takes no others; "
                            "ask for 0",
                            NameOf(set.benchmark)));
  }
  const uint64_t needed = rules.examples == ExampleChoice::kSampledOthers ? shots + 1 : shots;
  if (set.examples.size() >= needed) return;
  throw Error(Cause::kInput,
              fmt::format("{} solved examples before each item need {} to choose from; {} has {}",
                          shots, needed, set.examples_file, set.examples.size()));
}

}  // namespace

std::vector<std::vector<uint32_t>> ChooseExamples(const BenchmarkSet& set, size_t count,
                                                  int64_t shots, uint64_t seed) {
  count = std::min(count, set.items.size());
  if (shots == 0) return std::vector<std::vector<uint32_t>>(count);
  const BenchmarkRules rules = RulesOf(set.benchmark);
  RefuseWithoutExamples(set, rules, static_cast<uint64_t>(shots));
  const auto wanted = static_cast<uint32_t>(shots);
  if (rules.examples == ExampleChoice::kFirst) {
    std::vector<uint32_t> first(wanted);
    std::iota(first.begin(), first.end(), 0U);
    return std::vector<std::vector<uint32_t>>(count, first);
  }
  PythonRandom random(seed);
  std::vector<std::vector<uint32_t>> chosen;
  for (size_t i = 0; i < count; ++i) {
    chosen.push_back(rules.examples == ExampleChoice::kSampledOthers
                         ? SampleOthers(set, set.items[i], wanted, random)
                         : random.Sample(static_cast<uint32_t>(set.examples.size()), wanted));
  }
  return chosen;
}

std::vector<ScoredText> PromptsOf(const BenchmarkSet& set, const BenchmarkItem& item,
                                  std::span<const uint32_t> examples) {
  const PromptForm form = RulesOf(set.benchmark).form;
  std::string before = DescriptionOf(set.benchmark, set.subject);
  for (const uint32_t example : examples) before += SolvedText(set.examples[example], form);

  std::vector<ScoredText> prompts;
  for (const std::string& choice : item.choices) {
    switch (form) {
      case PromptForm::kChoices:
        prompts.push_back({before + item.context, " " + choice});
        break;
      case PromptForm::kPartial:
        prompts.push_back({before + choice, " " + item.ending});
        break;
      case PromptForm::kLastWord:
        prompts.push_back({before + item.context, choice});
        break;
    }
  }
  return prompts;
}

}  // namespace upcycle
