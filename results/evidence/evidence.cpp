#include "results/evidence/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "results/comparison/seed_pairs.h"
#include "results/statistics/holm.h"
#include "results/statistics/power.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool Excludes0(double low, double high) { return low > 0 || high < 0; }

OtherTests TestsOf(const ArmComparison& arm, const ArmComparison& baseline,
                   const Comparison& comparison, int64_t family) {
  const CompletePairs pairs = CompleteOf(PairSeeds(arm, baseline, comparison.metrics.front()));
  std::vector<double> differences;
  for (size_t i = 0; i < pairs.arm.size(); ++i) {
    differences.push_back(pairs.arm[i] - pairs.baseline[i]);
  }
  const double interval = comparison.table.interval;
  const Summary& difference = arm.judgement->pairs.difference;
  OtherTests tests = {.sign_flip = TestSignFlips(differences),
                      .sign_flip_test = {},
                      .ranks = TestSignedRanks(differences),
                      .ranks_test = {},
                      .bootstrap = BootstrapMean(differences, interval),
                      .size = EffectSizeOf(arm.judgement->pairs, interval),
                      .reach = *ReachOf(difference, 1 - interval, family)};
  tests.sign_flip_test.p = tests.sign_flip.p;
  tests.ranks_test.p = tests.ranks.p;
  tests.bootstrap_disagrees =
      tests.bootstrap.warning.empty() && Excludes0(tests.bootstrap.low, tests.bootstrap.high) !=
                                             Excludes0(difference.mean - difference.half_width,
                                                       difference.mean + difference.half_width);
  return tests;
}

// What an exact test's p cannot go below. Differences of 0 have no sign.
double LeastP(const OtherTests& tests) {
  return tests.sign_flip.exact ? SmallestExactP(tests.ranks.count) : 0;
}

using TestOf = OtherTest OtherTests::*;

// Holm's p rises with every p of the family, so that the least ones together tell what no values
// could have gone below.
void Adjust(TestOf which, Evidence* evidence) {
  std::vector<double> p, least;
  for (const ArmEvidence& arm : evidence->arms) {
    p.push_back(arm.others ? ((*arm.others).*which).p : kNone);
    least.push_back(arm.others ? LeastP(*arm.others) : kNone);
  }
  const std::vector<double> adjusted = HolmAdjusted(p), least_adjusted = HolmAdjusted(least);
  for (size_t i = 0; i < p.size(); ++i) {
    ArmEvidence& arm = evidence->arms[i];
    if (!arm.others) continue;
    OtherTest& test = (*arm.others).*which;
    test.adjusted_p = adjusted[i];
    test.least_adjusted = least_adjusted[i];
    const bool differs = arm.judgement.adjusted_p <= evidence->level;
    const bool could_decide = test.least_adjusted <= evidence->level;
    test.disagrees = could_decide && differs != (test.adjusted_p <= evidence->level);
  }
}

NoiseFloor FloorOf(const ArmComparison& baseline, const Comparison& comparison, int64_t* runs) {
  std::vector<double> values;
  for (const RunOutcome& run : baseline.runs) {
    const double value = ValueOf(run, comparison.metrics.front());
    if (std::isfinite(value)) values.push_back(value);
  }
  *runs = static_cast<int64_t>(values.size());
  if (values.size() < 2) return {kNone, 0, kNone};
  return FloorOfRuns(values, comparison.table.interval);
}

}  // namespace

std::optional<Reach> ReachOf(const Summary& difference, double level, int64_t family) {
  if (difference.count < 2 || !(difference.deviation > 0)) return std::nullopt;
  const TestPlan plan = {.level = level / static_cast<double>(family), .power = kPlannedPower};
  const double size = std::fabs(difference.mean) / difference.deviation;
  return Reach{.level = plan.level,
               .detectable = DetectableSize(difference.count, plan) * difference.deviation,
               .seeds_needed = PairsNeeded(size, plan, kMostSeedsNamed)};
}

Evidence EvidenceOf(const Comparison& comparison) {
  Evidence evidence = {.level = comparison.table.Level(),
                       .is_sequential = comparison.table.IsSequential(),
                       .floor = {kNone, 0, kNone},
                       .arms = {}};
  const ArmComparison* baseline = BaselineOf(comparison);
  if (baseline == nullptr) return evidence;
  evidence.floor = FloorOf(*baseline, comparison, &evidence.floor_runs);
  evidence.family = FamilyOf(comparison);
  for (const ArmComparison& arm : comparison.arms) {
    if (!arm.judgement) continue;
    ArmEvidence of_arm = {.arm = &arm,
                          .judgement = *arm.judgement,
                          .difference = arm.differences.front(),
                          .others = {},
                          .floor = kNone};
    if (of_arm.difference.count > 0) {
      of_arm.floor = evidence.floor.Within(of_arm.difference.count, comparison.table.interval);
    }
    if (!evidence.is_sequential && std::isfinite(of_arm.judgement.adjusted_p)) {
      of_arm.others = TestsOf(arm, *baseline, comparison, evidence.family);
    }
    evidence.arms.push_back(std::move(of_arm));
  }
  Adjust(&OtherTests::sign_flip_test, &evidence);
  Adjust(&OtherTests::ranks_test, &evidence);
  return evidence;
}

const ArmEvidence* EvidenceFor(const Evidence& evidence, const ArmComparison& arm) {
  for (const ArmEvidence& of_arm : evidence.arms) {
    if (of_arm.arm == &arm) return &of_arm;
  }
  return nullptr;
}

}  // namespace upcycle
