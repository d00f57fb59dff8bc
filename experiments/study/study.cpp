#include "experiments/study/study.h"

#include <functional>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/data/dataset.h"
#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/drafts.h"
#include "core/recipe/effective.h"
#include "experiments/formats/parent_model.h"
#include "experiments/run/benchmark_order.h"

namespace upcycle {
namespace {

// What lies in files.
struct ContentReaders {
  std::function<Fingerprint(const DataSettings&)> data;
  std::function<Fingerprint(const std::string& path)> model;
  std::function<Fingerprint(Benchmark benchmark, const BenchmarkSettings&)> benchmark;
};

// Files are read once for all arms that read the same.
class ContentCache {
 public:
  explicit ContentCache(const ContentReaders& readers) : readers_(readers) {}

  RunContent Of(const RunSettings& written) {
    const RunSettings settings = EffectiveSettings(written);
    RunContent content = {Once("data " + AllSettings(settings.data).dump(),
                               [&] { return readers_.data(settings.data); }),
                          {}};
    const std::string& from = settings.model.from;
    if (settings.ReadsParent()) {
      content.parent = Once("model " + from, [&] { return readers_.model(from); });
    }
    const BenchmarkSettings& benchmarks = settings.evaluate.benchmarks;
    for (const Benchmark benchmark : BenchmarksNamed(benchmarks.tasks)) {
      content.benchmarks[benchmark] =
          Once(fmt::format("benchmark {} {}", NameOf(benchmark), AllSettings(benchmarks).dump()),
               [&] { return readers_.benchmark(benchmark, benchmarks); });
    }
    return content;
  }

 private:
  Fingerprint Once(const std::string& key, const std::function<Fingerprint()>& read) {
    const auto found = contents_.find(key);
    return found != contents_.end() ? found->second : contents_.emplace(key, read()).first->second;
  }

  const ContentReaders& readers_;
  std::map<std::string, Fingerprint> contents_;
};

nlohmann::json ChangesOf(const Arm& arm) {
  nlohmann::json changes = nlohmann::json::object();
  for (const ArmChange& change : arm.changes) changes[change.path] = change.value;
  return changes;
}

// Of one training of the dense model.
double DenseTrainFlops(const RunSettings& settings, const TrainSettings& train) {
  return static_cast<double>(TrainTokens(train, settings.model)) *
         CostOfParent(settings).TrainFlops();
}

double BranchFlops(const RunSettings& settings) {
  if (settings.upcycle.method != UpcycleMethod::kBranchTrainMix) return 0;
  return static_cast<double>(settings.upcycle.branches) *
         DenseTrainFlops(settings, settings.BranchTraining());
}

// The arm that the table takes differences to.
const std::string& ReferenceOf(const Recipe& recipe) {
  const std::string& against = recipe.table.against;
  return against == kBaselineName ? recipe.arms[recipe.baseline].name : against;
}

}  // namespace

void Study::Add(const StagePlace& place, Stage stage, Run& run) {
  const Fingerprint identity = stage.Identity();
  run.stages[place] = identity;
  if (stages.try_emplace(identity, std::move(stage)).second) order.push_back(identity);
}

ArmCost CostRecordOf(const Arm& arm, const ArmBudget& budget) {
  const Cost cost = CostOf(arm.settings);
  const double tokens = static_cast<double>(budget.tokens);
  ArmCost record;
  record.parameters_total = static_cast<double>(cost.parameters.Total());
  record.parameters_active = static_cast<double>(cost.active_parameters.Total());
  record.train_tokens = tokens;
  record.train_flops = tokens * cost.TrainFlops();
  record.branch_train_flops = BranchFlops(arm.settings);
  if (arm.settings.HasParent()) {
    const bool is_read = arm.settings.ReadsParent();
    record.parent_train_flops =
        record.branch_train_flops +
        (is_read ? 0 : DenseTrainFlops(arm.settings, arm.settings.parent.train));
  }
  if (arm.settings.HasExperts()) record.experts = arm.settings.moe.Experts();
  return record;
}

namespace {

Study MakeStudyOf(Recipe recipe, const ContentReaders& readers) {
  Study study;
  ContentCache contents(readers);
  for (size_t arm = 0; arm < recipe.arms.size(); ++arm) {
    const RunSettings& settings = recipe.arms[arm].settings;
    const RunContent content = contents.Of(settings);
    for (int64_t seed : recipe.seeds) {
      Study::Run run{arm, seed, {}};
      for (RunStage& stage : StagesOf(settings, seed, content)) {
        study.Add(stage.place, std::move(stage.stage), run);
      }
      study.runs.push_back(std::move(run));
    }
  }
  study.recipe = std::move(recipe);
  return study;
}

}  // namespace

Study MakeStudy(Recipe recipe) {
  const auto read_model = [](const std::string& path) {
    return ModelFingerprint(ModelSource(path));
  };
  return MakeStudyOf(
      std::move(recipe),
      {.data = DatasetFingerprint, .model = read_model, .benchmark = ReadBenchmarkContent});
}

Study MakeStudyWithoutData(Recipe recipe) {
  const auto not_read = [](const std::string& what) {
    return Hasher().Add("not read").Add(what).Finish();
  };
  const auto data = [not_read](const DataSettings& settings) {
    return not_read(AllSettings(settings).dump());
  };
  const auto benchmark = [not_read](Benchmark asked, const BenchmarkSettings&) {
    return not_read(std::string(NameOf(asked)));
  };
  return MakeStudyOf(std::move(recipe), {.data = data, .model = not_read, .benchmark = benchmark});
}

void RecordStages(const Study& study, StudyRecord& record) {
  for (const Fingerprint& identity : study.order) {
    const Stage& stage = study.stages.at(identity);
    record.stages.push_back(
        {identity, std::string(NameOf(stage.kind)), stage.settings.dump(), stage.inputs});
  }
  for (const Study::Run& run : study.runs) {
    record.arms[run.arm].runs.push_back({run.seed, run.stages});
  }
}

StudyRecord RecordOf(const Study& study) {
  const Recipe& recipe = study.recipe;
  StudyRecord record;
  record.name = recipe.name;
  record.description = recipe.description;
  record.recipe = ResolvedRecipe(recipe).dump();
  record.metric = recipe.metric.name;
  record.preference =
      recipe.metric.goal == Goal::kMinimize ? Preference::kLower : Preference::kHigher;
  record.baseline = ReferenceOf(recipe);
  record.matched_on = NameOf(recipe.match.on);
  record.table = {.rows = recipe.table.rows,
                  .columns = recipe.table.columns,
                  .cell = recipe.table.cell,
                  .bold = recipe.table.bold,
                  .sort = recipe.table.sort,
                  .only_changed = recipe.table.only_changed,
                  .interval = recipe.table.interval / 100,
                  .digits = recipe.table.digits,
                  .margin = recipe.metric.margin};
  if (recipe.seeds_before_look > 0) {
    record.table.first_seeds = recipe.seeds_before_look;
    record.table.most_seeds = static_cast<int64_t>(recipe.seeds.size());
  }
  for (size_t i = 0; i < recipe.arms.size(); ++i) {
    const Arm& arm = recipe.arms[i];
    record.arms.push_back({arm.name,
                           ChangesOf(arm).dump(),
                           ResultSettings(arm.settings).dump(),
                           CostRecordOf(arm, recipe.budgets[i]),
                           {}});
  }
  RecordStages(study, record);
  return record;
}

}  // namespace upcycle
