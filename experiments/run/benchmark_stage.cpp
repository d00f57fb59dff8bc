// benchmark: the questions of a published benchmark, asked of a model one by one.

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/benchmarks/benchmark_set.h"
#include "core/error.h"
#include "experiments/evaluation/benchmark_run.h"
#include "experiments/run/asked_model.h"
#include "experiments/run/benchmark_order.h"
#include "experiments/run/planned_content.h"
#include "experiments/run/progress_record.h"
#include "experiments/run/result_record.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

using nlohmann::json;

std::vector<BenchmarkSet> OpenSets(const BenchmarkOrder& order) {
  std::vector<BenchmarkSet> sets =
      OpenBenchmark(order.benchmark, FolderOf(order.benchmark, order.settings.folder));
  RequirePlanned(fmt::format("the files of {}", NameOf(order.benchmark)), ContentOf(sets),
                 order.content);
  return sets;
}

bool IsGemma(const Transformer& model) {
  return model.architecture().model.family == Family::kGemma;
}

AskedModel OpenModel(const StageContext& context, const BenchmarkOrder& order) {
  if (order.model) return AskedModel(*order.model, context.backend);
  return AskedModel(context.Input(0).model(), context.backend);
}

void RecordItems(JournalWriter& journal, const AnsweredSet& set, bool normalised) {
  for (size_t i = 0; i < set.items.size(); ++i) {
    const AnsweredItem& item = set.items[i];
    json event = {{"event", "item"},
                  {"task", set.name},
                  {"number", i},
                  {"record", item.item->record.Hex()},
                  {"answer", item.item->answer},
                  {"correct", item.score.right},
                  {"log_likelihoods", json::array()}};
    if (normalised) event["correct_normalised"] = item.score.right_normalised;
    for (const ChoiceLikelihood& choice : item.likelihoods) {
      event["log_likelihoods"].push_back(choice.log_likelihood);
    }
    journal.Event(event);
  }
}

void Record(JournalWriter& journal, const std::string& metric, const Estimate& estimate) {
  RecordResult(journal, metric, estimate.value, estimate.standard_error, estimate.count);
}

void RecordScores(JournalWriter& journal, const std::string& name, const BenchmarkScores& scores) {
  Record(journal, name + "/accuracy", scores.accuracy);
  if (scores.accuracy_normalised) {
    Record(journal, name + "/accuracy_normalised", *scores.accuracy_normalised);
  }
  if (scores.perplexity) Record(journal, name + "/perplexity", *scores.perplexity);
}

// MMLU: its four groups, and all subjects.
void RecordPooled(JournalWriter& journal, const std::string& task,
                  const std::vector<BenchmarkSet>& sets, const std::vector<AnsweredSet>& answered) {
  std::map<std::string, std::vector<Estimate>> groups;
  for (size_t i = 0; i < sets.size(); ++i) {
    groups[task].push_back(answered[i].scores.accuracy);
    groups[fmt::format("{}/{}", task, MmluGroupOf(sets[i].subject))].push_back(
        answered[i].scores.accuracy);
  }
  for (const auto& [name, subjects] : groups) {
    Record(journal, name + "/accuracy", PoolSubjects(subjects));
  }
}

// A question that lost its beginning is no longer the one that was asked for.
void RecordTruncated(JournalWriter& journal, const std::string& task,
                     const std::vector<AnsweredSet>& answered) {
  int64_t truncated = 0, prompts = 0;
  for (const AnsweredSet& set : answered) {
    truncated += set.truncated;
    for (const AnsweredItem& item : set.items) prompts += std::ssize(item.likelihoods);
  }
  const double share = static_cast<double>(truncated) / static_cast<double>(prompts);
  RecordResult(journal, task + "/truncated_prompts", share, 0, prompts);
  if (truncated == 0) return;
  fmt::print(stderr,
             "{}: {} of {} prompts were longer than the model's sequence and lost their beginning; "
             "ask with fewer shots, or a model of longer sequences\n",
             task, truncated, prompts);
}

}  // namespace

void RunBenchmarkStage(const StageContext& context) {
  const BenchmarkOrder order = ReadBenchmarkOrder(context.stage);
  const std::vector<BenchmarkSet> sets = OpenSets(order);
  AskedModel asked = OpenModel(context, order);
  BenchmarkSettings settings = order.settings;
  if (IsGemma(asked.model()) && settings.begin_of_text == TextBeginning::kAuto) {
    settings.begin_of_text = TextBeginning::kAlways;  // it learnt no text without it
  }

  const std::string task(NameOf(order.benchmark));
  const bool normalised = RulesOf(order.benchmark).normalised;
  ProgressRecord progress(context, sets.size());
  std::vector<AnsweredSet> answered;
  for (size_t i = 0; i < sets.size(); ++i) {
    answered.push_back(AskSet(sets[i], settings, asked.model(), asked.tokenizer(),
                              [&](size_t done, size_t count) { progress.At(i, done, count); }));
    RecordItems(context.journal, answered.back(), normalised);
    RecordScores(context.journal, answered.back().name, answered.back().scores);
  }
  if (order.benchmark == Benchmark::kMmlu) RecordPooled(context.journal, task, sets, answered);
  RecordTruncated(context.journal, task, answered);
}

}  // namespace upcycle
