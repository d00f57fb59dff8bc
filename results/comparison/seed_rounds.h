// Seeds that come until arms are decided, in rounds: in round n every arm that is not decided yet
// has n seeds, and only when all of them have their values are arms tested and the next round's
// seeds asked for. What is asked for, and every verdict, so depends on values alone: not on how
// many runs are at work at once or on which is faster.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "results/statistics/seed_allocation.h"

namespace upcycle {

struct SeedRounds {
  // One for each arm of the family: how many seeds it should have by now, and what its values say
  // after the last round that is whole.
  std::vector<ArmSeeds> arms;
  int64_t baseline_seeds = 0;  // how many the baseline should have
  bool is_over = false;        // no more seeds will be asked for
};

// `family` has one entry for each arm, with as many values as seeds are planned, in the order of
// the plan; NaN: not there yet. An arm with fewer gets no more than these. An arm that is
// incomparable takes no part, but counts in Holm's family. rules.looks is set. The table as of
// Judge.
SeedRounds PlayRounds(std::span<const PairedValues> family, const VerdictRules& rules,
                      SequentialTable* table = nullptr);

}  // namespace upcycle
