#include "core/recipe/metrics.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/benchmark.h"
#include "core/recipe/relations.h"

namespace upcycle {
namespace {

std::string_view LastPart(std::string_view metric) { return metric.substr(metric.rfind('/') + 1); }

class Listing {
 public:
  explicit Listing(const RunSettings& settings) : s_(settings) {}

  std::vector<std::string> List() {
    AddLosses();
    AddQuestions();
    AddBenchmarks();
    Add("train", {"loss", "gradient_norm", "learning_rate"});
    for (const SourceSettings& source : s_.data.train) {
      Add("data/" + SourceName(source), {"tokens", "epochs"});
    }
    if (s_.HasExperts()) AddExperts();
    return std::move(names_);
  }

 private:
  void Add(const std::string& prefix, std::initializer_list<const char*> names) {
    for (const char* name : names) names_.push_back(fmt::format("{}/{}", prefix, name));
  }

  void AddLosses() {
    const DataSettings& data = s_.data;
    AddLossesOf("validation");
    for (const SourceSettings& set : data.validation.empty() ? data.train : data.validation) {
      AddLossesOf("validation/" + SourceName(set));
    }
  }

  // Without a tokenizer nobody knows how many bytes of text tokens stand for.
  void AddLossesOf(const std::string& set) {
    Add(set, {"loss", "perplexity"});
    if (s_.data.tokenizer.kind != TokenizerKind::kNone) Add(set, {"bits_per_byte"});
  }

  // A world that is both trained and validated on asks its questions once, and sets of one name are
  // told apart as the dataset does it.
  void AddQuestions() {
    std::set<std::pair<int64_t, int64_t>> asked;
    std::set<std::string> sets;
    for (const auto* sources : {&s_.data.train, &s_.data.validation}) {
      for (const SourceSettings& source : *sources) {
        if (source.kind != SourceKind::kAtlas) continue;
        if (!asked.emplace(source.people, source.world_seed).second) continue;
        std::string name = SourceName(source);
        while (!sets.insert(name).second) name += "-validation";
        Add(name, {"accuracy", "accuracy_normalised", "truncated_prompts"});
      }
    }
  }

  void AddBenchmarks() {
    for (const std::string& task : s_.evaluate.benchmarks.tasks) {
      const auto benchmark = ValueNamed<Benchmark>(task);
      if (!benchmark) continue;  // a mistake that is told elsewhere
      const BenchmarkRules rules = RulesOf(*benchmark);
      Add(task, {"accuracy"});
      if (rules.normalised) Add(task, {"accuracy_normalised"});
      if (rules.form == PromptForm::kLastWord) Add(task, {"perplexity"});
      Add(task, {"truncated_prompts"});
      if (benchmark != Benchmark::kMmlu) continue;
      std::set<std::string> parts;
      for (const std::string_view subject : MmluSubjects()) {
        parts.emplace(subject);
        parts.emplace(MmluGroupOf(subject));
      }
      for (const std::string& part : parts) Add(task + "/" + part, {"accuracy"});
    }
  }

  void AddExperts() {
    Add("train", {"balance_loss", "z_loss"});
    AddLoads("moe");
    if (s_.HasParent()) Add("start", {"logit_error", "loss", "parent_loss"});
    for (int64_t layer = 0; layer < s_.model.layers; ++layer) {
      if (s_.moe.layers.Contains(layer)) AddLoads(fmt::format("moe/layer_{:02}", layer));
    }
  }

  void AddLoads(const std::string& prefix) {
    Add(prefix, {"dropped_share", "load_entropy", "dead_experts"});
    if (s_.HasParent()) Add(prefix, {"parent_cosine"});
  }

  const RunSettings& s_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> MetricsOf(const RunSettings& settings) { return Listing(settings).List(); }

bool IsOfOneExpert(std::string_view metric) {
  return metric.starts_with("moe/layer_") && metric.find("/expert_") != std::string_view::npos;
}

std::optional<Goal> UsualGoal(std::string_view metric) {
  constexpr std::string_view kLess[] = {
      "loss",        "perplexity",  "bits_per_byte", "balance_loss", "z_loss",
      "parent_loss", "logit_error", "dropped_share", "dead_experts", "truncated_prompts"};
  constexpr std::string_view kMore[] = {"accuracy", "accuracy_normalised"};
  const std::string_view name = LastPart(metric);
  if (std::find(std::begin(kLess), std::end(kLess), name) != std::end(kLess)) {
    return Goal::kMinimize;
  }
  if (std::find(std::begin(kMore), std::end(kMore), name) != std::end(kMore)) {
    return Goal::kMaximize;
  }
  return std::nullopt;
}

bool IsPerToken(std::string_view metric) {
  if (ValueNamed<Benchmark>(metric.substr(0, metric.find('/')))) return false;  // per word, LAMBADA
  const std::string_view name = LastPart(metric);
  return name == "loss" || name == "perplexity" || name == "parent_loss";
}

}  // namespace upcycle
