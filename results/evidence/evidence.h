// What stands behind the verdicts of a comparison: each arm's differences to the baseline as other
// tests see them, what so many seeds can find, and how far apart equal arms come out. None of it
// decides anything: the verdict is Judge's (results/statistics/verdict.h) and is repeated here.
//
// Where seeds come until arms are decided, all but the verdict and the noise floor is left out: the
// others hold for a number of seeds that was fixed before, not for one that the values chose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/statistics/bootstrap.h"
#include "results/statistics/effect_size.h"
#include "results/statistics/noise_floor.h"
#include "results/statistics/sign_flip.h"
#include "results/statistics/wilcoxon.h"

namespace upcycle {

inline constexpr double kPlannedPower = 0.8;
inline constexpr int64_t kMostSeedsNamed = 1000;  // beyond these a number is no plan

// A test beside the verdict's, over the same family.
struct OtherTest {
  double p = 1;
  double adjusted_p = 1;      // by Holm over all arms, those without a test included
  double least_adjusted = 1;  // what no values of so many seeds could have gone below
  // Whether it finds a difference where the verdict's test finds none, or the reverse. A test that
  // no values could have decided disagrees with nothing.
  bool disagrees = false;
};

// What so many seeds can find, at the strictest level that Holm's correction asks of an arm, if the
// deviation that they show is the true one.
struct Reach {
  double level = 0;
  double detectable = 0;                // the smallest difference found with kPlannedPower
  std::optional<int64_t> seeds_needed;  // for one as large as seen; empty: beyond kMostSeedsNamed
};

// Of an arm whose difference was tested once.
struct OtherTests {
  SignFlip sign_flip;
  OtherTest sign_flip_test;
  SignedRanks ranks;
  OtherTest ranks_test;
  BootstrapInterval bootstrap;
  // Whether it holds 0 where the t interval does not, or the reverse; it never disagrees where it
  // is too short.
  bool bootstrap_disagrees = false;
  EffectSize size;
  Reach reach;
};

struct ArmEvidence {
  const ArmComparison* arm = nullptr;  // of the comparison, which outlives it
  Judgement judgement;
  Summary difference;  // as the table shows it: of no pair where pairs are missing
  std::optional<OtherTests> others;
  double floor = 0;  // what means over so many pairs of equal arms stay within; NaN without pairs
};

struct Evidence {
  int64_t family = 0;             // arms that are judged
  double level = 0.05;            // of the verdicts
  bool is_sequential = false;     // seeds come until arms are decided
  int64_t floor_runs = 0;         // runs of the baseline that the floor rests on
  NoiseFloor floor;               // NaN with fewer than two of them
  std::vector<ArmEvidence> arms;  // all that are judged, in the order of the recipe
};

Evidence EvidenceOf(const Comparison& comparison);

// Null for the baseline, and without one.
const ArmEvidence* EvidenceFor(const Evidence& evidence, const ArmComparison& arm);

// Of paired differences with this summary in a family of so many arms; nothing where it has no
// spread.
std::optional<Reach> ReachOf(const Summary& difference, double level, int64_t family);

}  // namespace upcycle
