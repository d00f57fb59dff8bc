// Compute-matched arms: the token budget of each arm is solved for, so that what `match.on` counts
// is equal to the baseline's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/arms.h"
#include "core/recipe/study_settings.h"

namespace upcycle {

// What one arm trains for.
struct ArmBudget {
  int64_t tokens = 0;      // whole batches
  double amount = 0;       // of what is matched: FLOPs or tokens
  double mismatch = 0;     // amount over the baseline's, minus 1
  bool is_capped = false;  // kMostTokens are fewer than the match asks for
};

// As many as train.tokens can be.
inline constexpr double kMostTokens = 1e15;

// Sets train.tokens of every arm, the baseline's rounded down and the others' to the nearest whole
// batch, at least one. With MatchOn::kNone tokens stay as they are, and amounts are train FLOPs.
std::vector<ArmBudget> MatchTokens(ArmSet& set, MatchOn on);

// What one token of training counts.
double AmountPerToken(const RunSettings& settings, MatchOn on);

// The tokens that the baseline needs for an arm to come within the tolerance whatever the rounding;
// 0 where none do: for a tolerance of 0, and beyond kMostTokens.
int64_t TokensForTolerance(const RunSettings& baseline, const RunSettings& arm, MatchOn on,
                           double tolerance);

}  // namespace upcycle
