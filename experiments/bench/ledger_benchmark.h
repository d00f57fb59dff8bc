// How fast a ledger takes up what runs record, and how long it takes to be read when it is large.
#pragma once

#include <cstdint>

#include "core/files.h"
#include "core/stop_signals.h"
#include "experiments/bench/time_taken.h"
#include "experiments/study/study.h"

namespace upcycle {

struct LedgerFigures {
  int64_t runs = 0;
  int64_t points = 0;
  int64_t bytes = 0;  // of the ledger's file in the end
  TimeTaken record;
  TimeTaken ingest;  // of the trainings, which have all the points
  TimeTaken status;  // from opening the ledger to the text, like the next
  TimeTaken compare;
};

// Writes a new ledger at `path` in which every run of the study is complete and has `points` points
// of a training, then reads it as `status` and `compare` do. Throws Error(kInterrupted) where a
// stop was asked for.
LedgerFigures MeasureLedger(const Study& study, const fs::path& path, int64_t points,
                            StopSignals& stop);

}  // namespace upcycle
