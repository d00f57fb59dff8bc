// One stage of a run against the stage at the same place of another.
#pragma once

#include "results/differences/compare_runs.h"

namespace upcycle {

struct StageSide {
  LedgerView& view;
  const StageFacts& stage;
};

StageDifference CompareStages(const StagePlace& place, const StageSide& a, const StageSide& b,
                              bool with_system);

}  // namespace upcycle
