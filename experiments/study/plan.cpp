#include "experiments/study/plan.h"

#include <set>

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
    case StageState::kRunning:
      return "was interrupted, goes on from its checkpoint";
    default:
      return "never done";
  }
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
  std::map<Fingerprint, StagePlan> plan;
  std::set<Fingerprint> read_by_needed;
  for (auto it = study.order.rbegin(); it != study.order.rend(); ++it) {
    const Fingerprint& identity = *it;
    const Stage& stage = study.stages.at(identity);
    const auto known = states.find(identity);
    const StageState state = known == states.end() ? StageState::kPlanned : known->second;
    const bool complete = state == StageState::kComplete;
    std::string damage;
    if (complete && read_by_needed.contains(identity))
      damage = StageFolder(root, identity).FindOutputDamage(stage.kind);
    if (complete && damage.empty()) {
      plan[identity] = {false, "complete", false};
      continue;
    }
    plan[identity] = complete
                         ? StagePlan{true, "a later stage reads its output, but " + damage, true}
                         : StagePlan{true, WhyNeeded(state), false};
    read_by_needed.insert(stage.inputs.begin(), stage.inputs.end());
  }
  return plan;
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
