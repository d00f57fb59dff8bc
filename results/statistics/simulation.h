// How often verdicts are wrong, and how often they find what is there: many simulated studies, in
// each of which arms share a baseline and so its noise. Value of arm a at seed s = Δ_a + noise;
// what a seed adds to all arms is gone in the differences. Sizes are in units of the deviation of a
// difference.
//
// A study's numbers are a pure function of the seed and its own number, and what is counted are
// whole numbers: the result has equal bits for any number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/enum_names.h"
#include "results/statistics/sequential_test.h"

namespace upcycle {

enum class Noise { kNormal, kSkewed, kHeavyTailed };
template <>
struct EnumNames<Noise> {
  static constexpr EnumName<Noise> values[] = {
      {Noise::kNormal, "normal", "all noise is normal"},
      {Noise::kSkewed, "skewed", "arms' noise is exponential, the baseline's normal"},
      {Noise::kHeavyTailed, "heavy-tailed", "all noise is Student's t with 3 degrees of freedom"},
  };
};

struct SimulatedStudies {
  Noise noise = Noise::kNormal;
  int64_t seeds = 6;      // of each arm, at most; ≥ 3
  int64_t arms = 8;       // beside the baseline
  int64_t different = 0;  // the first of them differ by `size`
  double size = 0;
  double margin = 0;  // of equivalence; 0: not tested
  int64_t studies = 10'000;
  uint64_t seed = 1;
};

// When and how a study decides. The family's error is held to 0.05 by Holm's step-down each time.
enum class Way {
  kOnce,         // the verdicts of Judge, once all seeds are there
  kUncorrected,  // the same t tests after each seed: what peeking does
  kPlanned,      // the sequential test after each seed
  kEValue,       // an e-value after each seed; not of equivalence
};

struct Decider {
  Way way = Way::kOnce;
  double exponent = 3;  // of a plan
};

// Counts over all studies.
struct Tally {
  int64_t studies = 0;
  int64_t false_families = 0;  // studies with any false verdict
  int64_t findable = 0;        // arms that differ; with a margin: that do not
  int64_t found = 0;           // of them those called better or worse; equivalent
  int64_t intervals = 0;  // of level 0.95: t intervals, with a plan repeated ones; when stopped
  int64_t covering = 0;   // of them those that hold the true difference
  int64_t arm_seeds = 0;  // of all arms together
  int64_t arms = 0;

  double FamilyError() const;
  double FamilyErrorDeviation() const;  // standard error of that share
  double Power() const;                 // NaN where there is nothing to find
  double Coverage() const;              // NaN for an e-value
  double SeedsPerArm() const;
  Tally& operator+=(const Tally& other);
};

// A decider with the bounds it needs for studies of so many seeds and arms, which take a while to
// compute.
struct PreparedDecider {
  Decider decider;
  SequentialPlan plan;
  int64_t arms = 0;
  std::vector<double> limits;              // what a score must not exceed with m arms open; [m - 1]
  std::vector<double> equivalence_limits;  // the same of one-sided scores
  std::vector<double> half_widths;         // of intervals at n seeds, in standard errors; [n]
};
std::vector<PreparedDecider> Prepare(std::span<const Decider> deciders, int64_t seeds,
                                     int64_t arms);

// One tally for each decider, on the same studies.
std::vector<Tally> Simulate(const SimulatedStudies& studies,
                            std::span<const PreparedDecider> deciders, int threads);

}  // namespace upcycle
