// A study's values in the forms that other programs read. Each takes every run in the recipe's
// order, whether it is complete or not; equal ledgers give equal bytes (MLflow's files say where
// they lie). Each throws Error(kInput) for an unknown study, and for a folder that holds something
// else.
#pragma once

#include <string>

#include "core/files.h"
#include "results/interchange/run_values.h"

namespace upcycle {

// TensorBoard: a folder ARM/SEED for each run, with one event file. Scalars are float32, as
// TensorBoard's are; results stand at the last step of the run's training. What runs share (their
// parent's training) is in each of them, under names that begin with the stage's role.
void WriteTensorBoard(const fs::path& ledger, const std::string& study, ValueChoice choice,
                      const fs::path& folder);

// MLflow: its file store, with the study as one experiment. Settings are parameters, values are
// exact, and the arm and the seed are tags.
void WriteMlflow(const fs::path& ledger, const std::string& study, ValueChoice choice,
                 const fs::path& folder);

// CSV (RFC 4180) of every point and every result: study, arm, seed, role, metric, step, value,
// standard_error, count. A result has no step, a point neither of the last two; numbers are the
// shortest that read back as the same bits.
std::string PointsCsv(const fs::path& ledger, const std::string& study, ValueChoice choice);

}  // namespace upcycle
