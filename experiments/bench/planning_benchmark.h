// How long it takes from a recipe's text to knowing which stages there are to do.
#pragma once

#include <cstdint>
#include <utility>

#include "core/files.h"
#include "core/recipe/recipe.h"
#include "experiments/bench/time_taken.h"
#include "experiments/study/study.h"

namespace upcycle {

struct PlanningFigures {
  int64_t runs = 0;
  int64_t stages = 0;
  TimeTaken taken;
};

// Reads the recipe, makes its study and plans it on a root that has nothing yet, as `plan` and
// `run` do. The study is returned for what comes after planning.
std::pair<Study, PlanningFigures> MeasurePlanning(const fs::path& recipe,
                                                  const FileKnowledge& files, const fs::path& root);

}  // namespace upcycle
