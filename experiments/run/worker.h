// What one process does: the stage in its folder, from start to end.
#pragma once

#include <functional>

#include "core/journal.h"
#include "core/stop_signals.h"
#include "experiments/run/stage.h"
#include "experiments/run/stage_folder.h"
#include "experiments/run/worker_exit.h"
#include "kernels/backend.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

// What every stage is given.
struct StageContext {
  const Stage& stage;
  const StageFolder& folder;
  JournalWriter& journal;
  Backend& backend;
  StopSignals& stop;
  const AttemptStart& start;  // as it was recorded
  uint64_t journal_bytes;     // of the journal before this attempt
  int64_t until_step;         // after which a training stops with a checkpoint; 0: its last

  // Input number `i` of the stage, under the same root.
  StageFolder Input(size_t i) const { return folder.Sibling(stage.inputs.at(i)); }
  // Throws Error(kInterrupted) if a stop was asked for.
  void LeaveIfStopped() const;
};

void RunTokensStage(const StageContext& context);
void RunImportStage(const StageContext& context);
void RunUpcycleStage(const StageContext& context);
void RunTrainStage(const StageContext& context);
void RunEvaluateStage(const StageContext& context);
void RunBenchmarkStage(const StageContext& context);
void RunTextStage(const StageContext& context);

// What there is to do between an attempt's two events.
using StageWork = std::function<void(const StageContext&)>;
// That of the stage's kind, once its inputs are known to be whole.
void PerformStage(const StageContext& context);

struct WorkerOptions {
  std::string device;    // cpu, cuda:N; where it is empty, as the stage asks
  int threads = 1;       // of the CPU
  int until_step = 0;    // StageContext
  int launch = 0;        // that it is part of; 0: of none
  bool checked = false;  // every op of a GPU is done on the CPU too (kernels/checked_backend.h)
};

// Does the stage of `folder` unless another process is at it. Every attempt begins and ends with an
// event in the journal, whatever happens short of a kill.
WorkerExit RunWorker(const fs::path& folder, const WorkerOptions& options,
                     const StageWork& work = PerformStage);

}  // namespace upcycle
