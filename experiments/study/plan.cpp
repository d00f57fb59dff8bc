#include "experiments/study/plan.h"

#include <optional>
#include <ranges>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "experiments/run/stage_folder.h"

namespace upcycle {
namespace {

std::string WhyNeeded(StageState state) {
  switch (state) {
    case StageState::kFailed:
      return "failed before, is tried again";
    case StageState::kDiverged:
      return "diverged before, is tried again";
    case StageState::kStopped:
      return "was stopped, goes on from its checkpoint";
    case StageState::kPruned:
      return "was pruned before early stopping was turned off, goes on from its checkpoint";
    case StageState::kRunning:
      return "was interrupted, goes on from its checkpoint";
    default:
      return "never done";
  }
}

struct PlannedStage {
  Fingerprint identity;
  std::optional<StageKind> kind;
  const std::vector<Fingerprint>* inputs = nullptr;
};

// Of stages that stand behind their inputs. `prunes`: what early stopping ended stays so.
std::map<Fingerprint, StagePlan> PlanInOrder(const std::vector<PlannedStage>& stages,
                                             const std::map<Fingerprint, StageState>& states,
                                             const fs::path& root, bool prunes) {
  std::map<Fingerprint, StagePlan> plan;
  std::set<Fingerprint> read_by_needed;
  for (const PlannedStage& stage : stages | std::views::reverse) {
    const Fingerprint& identity = stage.identity;
    const auto known = states.find(identity);
    const StageState state = known == states.end() ? StageState::kPlanned : known->second;
    const bool complete = state == StageState::kComplete;
    if (state == StageState::kPruned && prunes) {
      plan[identity] = {false, "pruned by early stopping", false};
      continue;
    }
    std::string damage;
    if (complete && stage.kind && read_by_needed.contains(identity))
      damage = StageFolder(root, identity).FindOutputDamage(*stage.kind);
    if (complete && damage.empty()) {
      plan[identity] = {false, "complete", false};
      continue;
    }
    plan[identity] = complete
                         ? StagePlan{true, "a later stage reads its output, but " + damage, true}
                         : StagePlan{true, WhyNeeded(state), false};
    read_by_needed.insert(stage.inputs->begin(), stage.inputs->end());
  }
  return plan;
}

// Every stage behind its inputs: a run's places are in that order.
std::vector<PlannedStage> OrderOf(const StudyRecord& study) {
  std::map<Fingerprint, const StageRecord*> records;
  for (const StageRecord& stage : study.stages) records[stage.fingerprint] = &stage;
  std::vector<PlannedStage> order;
  std::set<Fingerprint> met;
  for (const ArmRecord& arm : study.arms) {
    for (const RunRecord& run : arm.runs) {
      for (const auto& [place, identity] : run.stages) {
        if (!met.insert(identity).second) continue;
        const StageRecord& stage = *records.at(identity);
        order.push_back({identity, ValueNamed<StageKind>(stage.kind), &stage.inputs});
      }
    }
  }
  return order;
}

// "train"; of what is asked, its own name.
std::string NameOfWork(StageRole role, const Stage& stage) {
  return role == StageRole::kBenchmark ? stage.settings.at("task").get<std::string>()
                                       : std::string(NameOf(role));
}

}  // namespace

std::map<Fingerprint, StagePlan> PlanStages(const Study& study,
                                            const std::map<Fingerprint, StageState>& states,
                                            const fs::path& root) {
  std::vector<PlannedStage> stages;
  for (const Fingerprint& identity : study.order) {
    const Stage& stage = study.stages.at(identity);
    stages.push_back({identity, stage.kind, &stage.inputs});
  }
  const bool prunes = study.recipe.early_stopping.method != EarlyStoppingMethod::kNone;
  return PlanInOrder(stages, states, root, prunes);
}

std::map<Fingerprint, StagePlan> PlanStages(const StudyRecord& study,
                                            const std::map<Fingerprint, StageState>& states,
                                            const fs::path& root) {
  return PlanInOrder(OrderOf(study), states, root, /*prunes=*/true);
}

std::map<Fingerprint, std::string> StageLabels(const Study& study) {
  std::map<Fingerprint, std::string> labels;
  for (const Study::Run& run : study.runs) {
    for (const auto& [place, identity] : run.stages) {
      const StageRole role = place.role;
      std::string label = NameOf(place);
      const bool own = role == StageRole::kStart || role == StageRole::kTrain || EndsRun(role);
      if (own) {
        label = fmt::format("{} {}, seed {}", NameOfWork(role, study.stages.at(identity)),
                            study.recipe.arms[run.arm].name, run.seed);
      }
      labels.try_emplace(identity, std::move(label));
    }
  }
  return labels;
}

std::map<Fingerprint, std::string> InputLabels(const Study& study) {
  std::map<Fingerprint, std::string> labels = StageLabels(study);
  for (const Study::Run& run : study.runs) {
    for (const auto& [place, identity] : run.stages) {
      if (place.role == StageRole::kStart) labels[identity] = "its start";
      if (place.role == StageRole::kTrain) labels[identity] = "its training";
    }
  }
  return labels;
}

}  // namespace upcycle
