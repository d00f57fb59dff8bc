// Where the stages of a study run: on this machine, or as jobs of a cluster.
#pragma once

#include <memory>
#include <vector>

#include "core/recipe/recipe.h"
#include "core/site/site.h"
#include "experiments/scheduling/executor.h"
#include "experiments/scheduling/scheduler.h"
#include "kernels/gpus.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

struct Workplace {
  Site site;
  ExecutorChoice executor = ExecutorChoice::kLocal;  // or kSlurm
  std::vector<Gpu> gpus;  // of this machine, that stages may be placed on

  bool IsHere() const { return executor == ExecutorChoice::kLocal; }
};

// What site.yaml says, under the root and before that in the user's ~/.config/upcycle.
Site ReadSite(const StateOptions& state);

// As `asked` says, or the arms, or the site; this machine where nobody says anything. Looks for no
// GPU. Throws Error(kInput) for mistakes in site.yaml, for arms that disagree, and for one that
// asks for a device that this machine would need and lacks.
Workplace ChooseWorkplace(const Recipe& recipe, const StateOptions& state, ExecutorChoice asked);

// The GPUs that stages may be placed on; looks for none where every arm asks for the CPU, or
// somebody else places them. Throws Error(kDevice) where an arm asks for one that cannot be used
// now.
void FindGpus(const Recipe& recipe, bool checked, Workplace* workplace);

// How many at once, with how many threads, what they share, and how often one looks at them; `jobs`
// is 0 where it is left open. What stages have needed before is in the ledger.
void Arrange(const Workplace& workplace, int jobs, const fs::path& ledger,
             SchedulerOptions* options);

// What runs stages there.
std::unique_ptr<Executor> MakeExecutor(const Workplace& workplace, const StateOptions& state);

}  // namespace upcycle
