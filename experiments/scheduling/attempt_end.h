// What an attempt came to: the worker's own word, or what its death tells where it could not say
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/executor.h"
#include "experiments/scheduling/log_policies.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

// What the scheduler knows about an attempt beside how its process ended.
struct AttemptCircumstances {
  bool begun = false;                                 // it said so in the journal
  std::optional<AttemptEnd> own_word = std::nullopt;  // of its end
  bool asked_to_stop = false;                         // by the scheduler
  std::optional<AttemptEnd> sentence = std::nullopt;  // why the scheduler itself put an end to it
  uint64_t log_begin = 0;                             // bytes that were in the log before it
};

// Recognises, in this order: what the scheduler did, what the worker said, what its
// executor knows, who killed it, its exit code (WorkerExit), and signs in its log.
AttemptEnd JudgeEnd(const JobEnd& job, const AttemptCircumstances& circumstances,
                    const StageFolder& folder, const std::vector<LogPolicy>& policies);

// Puts the judgement into the journal of a stage whose worker is dead, where it says more than the
// worker's own word: the ledger could not be made again without it. False where another process is
// at the stage.
bool RecordJudgement(const StageFolder& folder, const JobEnd& job,
                     const AttemptCircumstances& circumstances, const AttemptEnd& end);

}  // namespace upcycle
