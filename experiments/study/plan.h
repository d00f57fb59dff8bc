// Which stages of a study are to be made, and why or why not: what `plan` shows and the scheduler
// does.
#pragma once

#include <map>
#include <string>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/study/study.h"
#include "results/ledger/records.h"

namespace upcycle {

struct StagePlan {
  bool needed = false;
  std::string why;     // "complete", "never done", ...
  bool again = false;  // it was complete, and is made anew
};

// A stage is needed if it is not complete, or if a needed stage reads its output and that was
// removed or damaged since. `states` are the ledger's; a stage that it does not know was never
// done.
std::map<Fingerprint, StagePlan> PlanStages(const Study& study,
                                            const std::map<Fingerprint, StageState>& states,
                                            const fs::path& root);

// The same of a study as the ledger has it. A stage of a kind that this program does not know
// counts as one without output.
std::map<Fingerprint, StagePlan> PlanStages(const StudyRecord& study,
                                            const std::map<Fingerprint, StageState>& states,
                                            const fs::path& root);

// What a stage does, for people: "train" of "routing=topk_then_softmax, seed 3", "parent".
std::map<Fingerprint, std::string> StageLabels(const Study& study);

// The same as one of its readers calls it: "its training", where only runs that read it have it.
std::map<Fingerprint, std::string> InputLabels(const Study& study);

}  // namespace upcycle
