// A study: the runs that a recipe asks for, and the stages that they consist of, each once.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/fingerprint.h"
#include "core/recipe/recipe.h"
#include "experiments/run/stage.h"
#include "results/ledger/records.h"

namespace upcycle {

struct Study {
  struct Run {
    size_t arm = 0;  // of recipe.arms
    int64_t seed = 0;
    std::map<StagePlace, Fingerprint> stages;
  };

  // Makes the stage one of the run's; it is kept once, however many runs share it. Its inputs have
  // been added.
  void Add(const StagePlace& place, Stage stage, Run& run);

  Recipe recipe;
  std::vector<Run> runs;  // arm by arm, in the recipe's order
  std::map<Fingerprint, Stage> stages;
  std::vector<Fingerprint> order;  // every stage behind its inputs
};

// Reads the text that the recipe names to know its fingerprint. Throws Error(kInput) for text that
// is missing or cannot be used.
Study MakeStudy(Recipe recipe);

// The study of a recipe whose text is not here, for what it would take: its stages have other
// fingerprints than they will have with the text.
Study MakeStudyWithoutData(Recipe recipe);

// What one run of an arm costs.
ArmCost CostRecordOf(const Arm& arm, const ArmBudget& budget);

// Adds the stages to what the ledger keeps, and the runs to its arms, which are there.
void RecordStages(const Study& study, StudyRecord& record);

// What the ledger keeps of it.
StudyRecord RecordOf(const Study& study);

}  // namespace upcycle
