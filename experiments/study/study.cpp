#include "experiments/study/study.h"

#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "core/data/dataset.h"
#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/drafts.h"

namespace upcycle {
namespace {

using ContentOf = std::function<Fingerprint(const DataSettings&)>;

// Text is read once for all arms that read the same.
class ContentCache {
 public:
  explicit ContentCache(ContentOf content) : content_(std::move(content)) {}

  const Fingerprint& Of(const DataSettings& data) {
    const std::string key = AllSettings(data).dump();
    const auto found = contents_.find(key);
    if (found != contents_.end()) return found->second;
    return contents_.emplace(key, content_(data)).first->second;
  }

 private:
  ContentOf content_;
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
    record.parent_train_flops =
        DenseTrainFlops(arm.settings, arm.settings.parent.train) + record.branch_train_flops;
  }
  if (arm.settings.HasExperts()) record.experts = arm.settings.moe.Experts();
  return record;
}

namespace {

Study MakeStudyOf(Recipe recipe, ContentOf content_of) {
  Study study;
  ContentCache contents(std::move(content_of));
  for (size_t arm = 0; arm < recipe.arms.size(); ++arm) {
    const RunSettings& settings = recipe.arms[arm].settings;
    const Fingerprint content = contents.Of(settings.data);
    for (int64_t seed : recipe.seeds) {
      Study::Run run{arm, seed, {}};
      for (RunStage& stage : StagesOf(settings, seed, content)) {
        const Fingerprint identity = stage.stage.Identity();
        run.stages[stage.place] = identity;
        if (study.stages.try_emplace(identity, std::move(stage.stage)).second) {
          study.order.push_back(identity);
        }
      }
      study.runs.push_back(std::move(run));
    }
  }
  study.recipe = std::move(recipe);
  return study;
}

}  // namespace

Study MakeStudy(Recipe recipe) { return MakeStudyOf(std::move(recipe), DatasetFingerprint); }

Study MakeStudyWithoutData(Recipe recipe) {
  return MakeStudyOf(std::move(recipe), [](const DataSettings& data) {
    return Hasher().Add("not read").Add(AllSettings(data).dump()).Finish();
  });
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
                  .interval = recipe.table.interval / 100,
                  .digits = recipe.table.digits};
  for (const Fingerprint& identity : study.order) {
    const Stage& stage = study.stages.at(identity);
    record.stages.push_back(
        {identity, std::string(NameOf(stage.kind)), stage.settings.dump(), stage.inputs});
  }
  for (size_t i = 0; i < recipe.arms.size(); ++i) {
    const Arm& arm = recipe.arms[i];
    record.arms.push_back({arm.name,
                           ChangesOf(arm).dump(),
                           ResultSettings(arm.settings).dump(),
                           CostRecordOf(arm, recipe.budgets[i]),
                           {}});
  }
  for (const Study::Run& run : study.runs) {
    record.arms[run.arm].runs.push_back({run.seed, run.stages});
  }
  return record;
}

}  // namespace upcycle
