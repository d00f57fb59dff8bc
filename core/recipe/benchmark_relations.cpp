#include "core/recipe/benchmark_relations.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/benchmark.h"
#include "core/error.h"

namespace upcycle {
namespace {

class BenchmarkRelations {
 public:
  BenchmarkRelations(const RunSettings& settings, std::vector<Violation>& violations)
      : s_(settings), benchmarks_(settings.evaluate.benchmarks), violations_(violations) {}

  void Find() {
    if (benchmarks_.tasks.empty()) return;
    CheckTasks();
    if (benchmarks_.folder.empty()) {
      Refuse({"evaluate.benchmarks.folder", "evaluate.benchmarks.tasks"},
             "nobody knows where the benchmarks' files are",
             "evaluate.benchmarks.folder: a folder that has one of each benchmark's name");
    }
    if (s_.data.tokenizer.kind == TokenizerKind::kNone) {
      Refuse({"evaluate.benchmarks.tasks", "data.tokenizer.kind"},
             "without a tokenizer, questions cannot become tokens",
             "data.tokenizer: {kind: file, path: …}, or no evaluate.benchmarks");
    }
    if (s_.HasExperts() && s_.moe.ExpertsChoose()) {
      Refuse({"evaluate.benchmarks.tasks", "moe.router.choice"},
             "experts that choose among the tokens of a batch would let an answer depend on the "
             "questions beside it",
             "moe.router.choice: topk, or no evaluate.benchmarks");
    }
    CheckNames();
  }

 private:
  void Refuse(std::vector<std::string> paths, std::string message, std::string expected) {
    violations_.push_back(
        {Severity::kError, std::move(paths), std::move(message), std::move(expected)});
  }

  void CheckTasks() {
    try {
      for (const Benchmark benchmark : BenchmarksNamed(benchmarks_.tasks)) {
        if (benchmarks_.shots == 0 || RulesOf(benchmark).takes_examples) continue;
        Refuse({"evaluate.benchmarks.shots", "evaluate.benchmarks.tasks"},
               fmt::format("{} has examples of its own, and takes no others", NameOf(benchmark)),
               "evaluate.benchmarks.shots: 0");
      }
    } catch (const Error& error) {
      Refuse({"evaluate.benchmarks.tasks"}, error.what(), "names of benchmarks, each once");
    }
  }

  // Both would be "NAME/accuracy".
  void CheckNames() {
    for (const auto* sources : {&s_.data.train, &s_.data.validation}) {
      for (const SourceSettings& source : *sources) {
        const std::string name = SourceName(source);
        if (source.kind != SourceKind::kAtlas) continue;
        if (std::ranges::find(benchmarks_.tasks, name) == benchmarks_.tasks.end()) continue;
        Refuse({"data.train", "evaluate.benchmarks.tasks"},
               fmt::format("a source and a benchmark are both named {}", name),
               "another name for the source");
      }
    }
  }

  const RunSettings& s_;
  const BenchmarkSettings& benchmarks_;
  std::vector<Violation>& violations_;
};

}  // namespace

void FindBenchmarkViolations(const RunSettings& settings, std::vector<Violation>& violations) {
  BenchmarkRelations(settings, violations).Find();
}

}  // namespace upcycle
