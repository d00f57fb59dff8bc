// How far a stage is that asks a model many things.
#pragma once

#include <cstddef>

#include "core/stopwatch.h"
#include "experiments/run/worker.h"

namespace upcycle {

// Puts progress into the journal every now and then, and breaks the work off where a stop was asked
// for.
class ProgressRecord {
 public:
  // The work has this many parts. The context outlives it.
  ProgressRecord(const StageContext& context, size_t parts);

  // `done` of `count` pieces of part `part` are done. Throws Error(kInterrupted).
  void At(size_t part, size_t done, size_t count);

 private:
  const StageContext& context_;
  size_t parts_;
  bool is_told_ = false;
  Stopwatch since_;
};

}  // namespace upcycle
