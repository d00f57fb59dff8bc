#include "experiments/bench/planning_benchmark.h"

#include "core/check.h"
#include "experiments/study/plan.h"

namespace upcycle {

std::pair<Study, PlanningFigures> MeasurePlanning(const fs::path& recipe,
                                                  const FileKnowledge& files,
                                                  const fs::path& root) {
  const TimeClock clock;
  Study study = MakeStudy(LoadRecipe(recipe, {}, files));
  const auto plan = PlanStages(study, {}, root);
  PlanningFigures figures = {.runs = static_cast<int64_t>(study.runs.size()),
                             .stages = static_cast<int64_t>(plan.size()),
                             .taken = clock.Taken()};
  UPCYCLE_CHECK_EQ(plan.size(), study.stages.size());
  return {std::move(study), figures};
}

}  // namespace upcycle
