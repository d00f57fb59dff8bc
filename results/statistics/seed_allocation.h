// Seeds where they matter: which arms are decided, and which need another seed. After each seed
// every arm is tested with the sequential test, adjusted by Holm over all arms. An arm's adjusted p
// can only fall as seeds of its own or of others come, so that what is decided stays decided, and
// the probability of any false verdict in the table stays at or below 1 - interval.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "results/statistics/verdict.h"

namespace upcycle {

enum class SeedNeed {
  kDecided,  // better, worse, equivalent or identical
  kMore,     // another seed may decide it
  kSpent,    // it has the most seeds that were planned, and is not decided
  kNone,     // no seed can help: values do not compare, or lie beyond the plan
  kMissing,  // a seed that was asked for has no result yet
};
template <>
struct EnumNames<SeedNeed> {
  static constexpr EnumName<SeedNeed> values[] = {
      {SeedNeed::kDecided, "decided", "better, worse, equivalent or identical"},
      {SeedNeed::kMore, "more", "another seed may decide it"},
      {SeedNeed::kSpent, "spent", "it has all seeds that were planned, and is not decided"},
      {SeedNeed::kNone, "none", "no seed can help"},
      {SeedNeed::kMissing, "missing", "a seed that was asked for has no result"},
  };
};

struct ArmSeeds {
  SeedNeed need = SeedNeed::kMore;
  int64_t seeds = 0;  // how many it should have; as many as it has unless it needs more
  std::string why;    // in a clause
  Judgement judgement;
};

// One entry for each arm, whose values are in the order of the plan's seeds. rules.looks is set and
// rules.allow_incomplete is not. The baseline needs as many seeds as the arm that needs most.
std::vector<ArmSeeds> AllocateSeeds(std::span<const PairedValues> family, const VerdictRules& rules,
                                    SequentialTable* table = nullptr);

}  // namespace upcycle
