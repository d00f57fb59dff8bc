#include "tools/study/plan_data.h"

#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/data/source_sizes.h"
#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "experiments/run/stage_folder.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Up to so many epochs a token that is read again is worth about as much as a new one (Muennighoff
// et al., "Scaling Data-Constrained Language Models", 2023, arXiv 2305.16264).
constexpr double kWorthwhileEpochs = 4;

class Sizes {
 public:
  explicit Sizes(const fs::path& root) : root_(root) {}

  const std::vector<SourceSize>& Of(const DataSettings& data, const Fingerprint& tokens) {
    const auto found = known_.find(tokens);
    if (found != known_.end()) return found->second;
    std::vector<SourceSize> sizes = SizesOfDataset(StageFolder(root_, tokens).tokens());
    if (sizes.size() != data.train.size()) sizes = EstimateSizes(data);
    return known_.emplace(tokens, std::move(sizes)).first->second;
  }

 private:
  fs::path root_;
  std::map<Fingerprint, std::vector<SourceSize>> known_;
};

std::vector<DataPlan::Source> UseOf(const std::vector<SourceSize>& sizes, const DataSettings& data,
                                    int64_t tokens) {
  const std::vector<double> epochs = EpochsOf(sizes, data.train, static_cast<double>(tokens));
  std::vector<DataPlan::Source> sources;
  for (size_t i = 0; i < sizes.size(); ++i) {
    sources.push_back({sizes[i].name, sizes[i].tokens, epochs[i], sizes[i].is_estimate});
  }
  return sources;
}

std::string TextOf(const DataPlan::Source& source) {
  return fmt::format("{} {}{} tokens × {:.2f}", source.name, source.is_estimate ? "about " : "",
                     CountText(source.tokens), source.epochs);
}

}  // namespace

std::vector<DataPlan> PlanData(const Study& study, const fs::path& root) {
  std::vector<DataPlan> plans;
  Sizes sizes(root);
  std::set<Fingerprint> parents;
  std::set<size_t> arms;
  for (const Study::Run& run : study.runs) {
    if (!arms.insert(run.arm).second) continue;
    const Arm& arm = study.recipe.arms[run.arm];
    const RunSettings& settings = arm.settings;
    const std::vector<SourceSize>& there =
        sizes.Of(settings.data, run.stages.at(StageRole::kTokens));
    const auto parent = run.stages.find(StageRole::kParent);
    const bool trains_parent = parent != run.stages.end() && !settings.ReadsParent();
    if (trains_parent && parents.insert(parent->second).second) {
      const int64_t tokens = TrainTokens(settings.parent.train, settings.model);
      plans.push_back({"parent of " + arm.name, UseOf(there, settings.data, tokens)});
    }
    const int64_t tokens = study.recipe.budgets[run.arm].tokens;
    plans.push_back({arm.name, UseOf(there, settings.data, tokens)});
  }
  return plans;
}

json DataPlanJson(const std::vector<DataPlan>& plans) {
  json trainings = json::array();
  for (const DataPlan& plan : plans) {
    json sources = json::array();
    for (const DataPlan::Source& source : plan.sources) {
      sources.push_back({{"name", source.name},
                         {"tokens", source.tokens},
                         {"epochs", source.epochs},
                         {"is_estimate", source.is_estimate}});
    }
    trainings.push_back({{"training", plan.training}, {"sources", sources}});
  }
  return trainings;
}

std::string DataPlanText(const std::vector<DataPlan>& plans) {
  std::string text = "\nsources of a training, and how often it reads them:\n";
  std::set<std::string> repeated;
  for (const DataPlan& plan : plans) {
    std::string sources;
    for (const DataPlan::Source& source : plan.sources) {
      sources += (sources.empty() ? "" : ", ") + TextOf(source);
      if (source.epochs > kWorthwhileEpochs) repeated.insert(source.name);
    }
    text += fmt::format("  {}: {}\n", plan.training, sources);
  }
  for (const std::string& name : repeated) {
    text += fmt::format(
        "warning: {} is read more than {:.0f} times, and from there on a token that is read again "
        "is worth less than a new one (Muennighoff et al. 2023, arXiv 2305.16264)\n",
        name, kWorthwhileEpochs);
  }
  return text;
}

}  // namespace upcycle
