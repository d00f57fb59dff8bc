// Why each stage of a run will run, waits, or is passed over; and where it is made although one
// like it was made before, what has changed since.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "core/setting_changes.h"
#include "experiments/study/plan.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

// What came of an earlier recording of a run that is not what a stage of it is now.
struct EarlierStage {
  std::string study, arm;
  int64_t seed = 0;
  Fingerprint stage;
  StageState state = StageState::kPlanned;
};

// What differs in one of the stages that decide another's result.
struct StageDifference {
  StagePlace place;  // the stage's own, or that of what it reads, directly or through others
  std::vector<SettingChange> settings = {};
  bool of_content = false;  // what lies in the files that it reads
  bool of_program = false;  // nothing differs but how the program computes
};

struct StageExplanation {
  StagePlace place;
  Fingerprint stage;
  StageFacts facts = {};  // where the ledger has none: planned
  StagePlan plan;
  bool is_running = false;                 // a process is at it now
  int64_t runs = 0;                        // of the study, that share it
  std::vector<StagePlace> inputs = {};     // in the order of the run
  std::vector<StagePlace> waits_for = {};  // those of them that have to be made first
  std::vector<AttemptFacts> attempts = {};
  std::optional<EarlierStage> earlier = {};       // of a stage that was never begun
  std::vector<StageDifference> differences = {};  // from it, the nearest cause last
};

struct RunExplanation {
  std::string arm;
  int64_t seed = 0;
  std::optional<HoldSet> hold;
  std::vector<StageExplanation> stages = {};

  bool NeedsNothing() const;
  bool IsComplete() const;
};

// Of the chosen runs of a study, which the ledger may know or not (a recipe that has not run yet).
// `ledger` may be null: nothing has run yet.
std::vector<RunExplanation> ExplainRuns(
    const StudyRecord& study,
    const std::function<bool(const std::string& arm, int64_t seed)>& is_chosen,
    LedgerReader* ledger, const fs::path& root);

}  // namespace upcycle
