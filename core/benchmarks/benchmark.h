// The benchmarks that this program knows, and what lm-evaluation-harness (EleutherAI, release
// 0.4.13) does with each: how its prompts are laid out, where solved examples come from, and which
// metrics it reports.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"

namespace upcycle {

enum class Benchmark {
  kMmlu,
  kArcEasy,
  kArcChallenge,
  kHellaSwag,
  kPiqa,
  kWinoGrande,
  kBoolQ,
  kOpenBookQa,
  kSciQ,
  kTruthfulQaMc1,
  kLogiQa,
  kLambada,
};

// The names are those of the harness's tasks.
template <>
struct EnumNames<Benchmark> {
  static constexpr EnumName<Benchmark> values[] = {
      {Benchmark::kMmlu, "mmlu", "57 subjects of school and study, four choices (Hendrycks 2021)"},
      {Benchmark::kArcEasy, "arc_easy", "science questions of grades 3 to 9 (Clark 2018)"},
      {Benchmark::kArcChallenge, "arc_challenge", "those that retrieval gets wrong (Clark 2018)"},
      {Benchmark::kHellaSwag, "hellaswag", "how a scene goes on, four endings (Zellers 2019)"},
      {Benchmark::kPiqa, "piqa", "how to do things, two ways (Bisk 2020)"},
      {Benchmark::kWinoGrande, "winogrande", "who is meant, two candidates (Sakaguchi 2020)"},
      {Benchmark::kBoolQ, "boolq", "yes or no about a passage (Clark 2019)"},
      {Benchmark::kOpenBookQa, "openbookqa", "elementary science, four choices (Mihaylov 2018)"},
      {Benchmark::kSciQ, "sciq", "science exams with a passage (Welbl 2017)"},
      {Benchmark::kTruthfulQaMc1, "truthfulqa_mc1", "common misconceptions (Lin 2022)"},
      {Benchmark::kLogiQa, "logiqa", "civil-service logic, four choices (Liu 2020)"},
      {Benchmark::kLambada, "lambada_openai", "the last word of a passage (Paperno 2016)"},
  };
};

// What is context and what continuation.
enum class PromptForm {
  kChoices,   // one context, a continuation for each choice
  kPartial,   // a context for each choice, one continuation: the rest of the sentence
  kLastWord,  // one context, one continuation
};

// Which solved examples stand before an item, and in which order.
enum class ExampleChoice {
  kFirst,         // the first ones of the file, the same for all items
  kSampled,       // drawn anew for each item
  kSampledOthers  // drawn anew for each item; never the item itself
};

struct BenchmarkRules {
  PromptForm form = PromptForm::kChoices;
  ExampleChoice examples = ExampleChoice::kSampled;
  bool normalised = false;     // reports acc_norm beside acc
  bool takes_examples = true;  // false: its prompt has its own, and more are never added
};

BenchmarkRules RulesOf(Benchmark benchmark);

// Throws Error(kInput) for a name that no benchmark has, and for one that is there twice.
std::vector<Benchmark> BenchmarksNamed(std::span<const std::string> names);

// The seed with which the harness draws examples unless it is told another one.
inline constexpr uint64_t kExampleSeed = 1234;

// What stands before everything else in a prompt: MMLU's line about its subject, with the empty
// line behind it; empty for the other benchmarks.
std::string DescriptionOf(Benchmark benchmark, std::string_view subject);

// The group in which the harness lists a subject of MMLU: "stem", "humanities", "social_sciences"
// or "other"; empty for a subject that MMLU does not have.
std::string_view MmluGroupOf(std::string_view subject);

// All 57, by name.
std::span<const std::string_view> MmluSubjects();

}  // namespace upcycle
