// What it costs to bring a study to its end where the stages themselves are no work.
#pragma once

#include <cstdint>

#include "core/files.h"
#include "core/stop_signals.h"
#include "experiments/bench/time_taken.h"
#include "experiments/scheduling/executor.h"
#include "experiments/study/study.h"

namespace upcycle {

struct SchedulingFigures {
  int64_t runs = 0;
  int64_t processes = 0;  // one for each stage
  TimeTaken taken;        // of this process, the coordinator
};

// Records the study in a new ledger under `root` and runs it with the scheduler, `jobs` processes
// at a time, whose work is for `executor` to leave out. Throws Error where a stage does not
// complete, and Error(kInterrupted) where a stop was asked for.
SchedulingFigures MeasureScheduling(const Study& study, const fs::path& root, Executor& executor,
                                    int jobs, StopSignals& stop);

}  // namespace upcycle
