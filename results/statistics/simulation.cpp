#include "results/statistics/simulation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "core/check.h"
#include "core/random.h"
#include "results/statistics/e_value.h"
#include "results/statistics/student.h"
#include "results/statistics/verdict.h"

namespace upcycle {
namespace {

constexpr double kLevel = 0.05;
constexpr int64_t kFirstLook = 3;
constexpr double kExpectedSquare = 4;  // of sizes, for e-values
constexpr double kInfinite = std::numeric_limits<double>::infinity();

double Share(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// One study's differences to the baseline, with the t test of each arm's first n seeds.
struct Look {
  double mean = 0, error = 0, t = 0, p = 1;
};
struct StudyOfDraws {
  std::vector<std::vector<double>> arm;  // [0] is the baseline
  std::vector<std::vector<Look>> looks;  // of each arm but the baseline, at n seeds
};

// Mean 0 and variance 1/2, so that differences have variance 1.
double NoiseAt(Noise noise, bool baseline, const RandomStream& stream, uint64_t at) {
  const double root = std::sqrt(0.5);
  constexpr uint64_t kDrawsOfOne = 4;
  switch (noise) {
    case Noise::kNormal:
      break;
    case Noise::kSkewed:
      if (baseline) break;
      return root * (-std::log1p(-stream.Uniform(at * kDrawsOfOne)) - 1);
    case Noise::kHeavyTailed: {
      double squares = 0;
      for (uint64_t i = 1; i < kDrawsOfOne; ++i) {
        const double normal = stream.Normal(at * kDrawsOfOne + i);
        squares += normal * normal;
      }
      // The variance of T_3 is 3.
      return root * stream.Normal(at * kDrawsOfOne) / std::sqrt(squares);
    }
  }
  return root * stream.Normal(at * kDrawsOfOne);
}

double TrueDifference(const SimulatedStudies& studies, int64_t arm) {
  return arm < studies.different ? -studies.size : 0;
}

std::vector<Look> LooksAt(const std::vector<double>& arm, const std::vector<double>& baseline) {
  std::vector<Look> looks(arm.size() + 1);
  double mean = 0, squares = 0;  // Welford's running sums
  for (size_t i = 0; i < arm.size(); ++i) {
    const double n = static_cast<double>(i + 1), value = arm[i] - baseline[i];
    const double step = value - mean;
    mean += step / n;
    squares += step * (value - mean);
    if (i == 0) continue;
    Look& look = looks[i + 1];
    look.mean = mean;
    look.error = std::sqrt(squares / (n - 1) / n);
    look.t = mean / look.error;
    look.p = StudentTwoSidedP(look.t, n - 1);
  }
  return looks;
}

StudyOfDraws Draw(const SimulatedStudies& studies, int64_t number, bool peeks) {
  const RandomStream stream(studies.seed, "statistics/simulation", static_cast<uint64_t>(number));
  StudyOfDraws study;
  for (int64_t arm = -1; arm < studies.arms; ++arm) {
    const double difference = arm < 0 ? 0 : TrueDifference(studies, arm);
    std::vector<double>& values = study.arm.emplace_back();
    for (int64_t seed = 0; seed < studies.seeds; ++seed) {
      const auto at = static_cast<uint64_t>((arm + 1) * studies.seeds + seed);
      values.push_back(difference + NoiseAt(studies.noise, arm < 0, stream, at));
    }
    if (arm >= 0 && peeks) study.looks.push_back(LooksAt(values, study.arm.front()));
  }
  return study;
}

PreparedDecider PrepareOne(const Decider& decider, int64_t seeds, int64_t arms) {
  PreparedDecider rule = {decider, {kFirstLook, seeds, decider.exponent}, arms, {}, {}, {}};
  SequentialTable table;
  if (decider.way == Way::kOnce) return rule;
  const bool planned = decider.way == Way::kPlanned;
  for (int64_t open = 1; open <= arms; ++open) {
    const double level = kLevel / static_cast<double>(open);
    const auto limit = [&](Sides sides) {
      return planned ? SequentialBoundary(rule.plan, sides, level, table).Limit() : level;
    };
    rule.limits.push_back(limit(Sides::kTwo));
    rule.equivalence_limits.push_back(limit(Sides::kOne));
  }
  rule.half_widths.assign(static_cast<size_t>(kFirstLook), kInfinite);
  for (int64_t n = kFirstLook; n <= seeds; ++n) {
    const double nominal = planned ? rule.limits.front() * rule.plan.Weight(n) : kLevel;
    rule.half_widths.push_back(StudentTwoSidedQuantile(nominal, static_cast<double>(n - 1)));
  }
  return rule;
}

// Small where the evidence is strong.
double Score(const PreparedDecider& rule, const Look& look, int64_t n) {
  if (rule.decider.way == Way::kPlanned) return look.p / rule.plan.Weight(n);
  if (rule.decider.way == Way::kUncorrected) return look.p;
  PairedDifference pairs = {.difference = {}, .spread = Spread::kPresent, .t = look.t, .p = look.p};
  pairs.difference.count = n;
  return 1 / EValue(pairs, kExpectedSquare);
}

struct Arm {
  double score = kInfinite;
  double sign = 0;
  double above = kInfinite, below = kInfinite;  // scores of lying above -margin, below margin
  int64_t seeds = 0;
  bool differs = false, equivalent = false;
  bool IsDecided() const { return differs || equivalent; }
};

// Of one side; small where the evidence is strong.
double SideScore(const PreparedDecider& rule, double t, int64_t n) {
  const double p = StudentUpperP(t, static_cast<double>(n - 1));
  return rule.decider.way == Way::kPlanned ? p / rule.plan.Weight(n) : p;
}

void TakeLook(const PreparedDecider& rule, const Look& look, int64_t n, double margin, Arm* arm) {
  arm->seeds = n;
  const double score = Score(rule, look, n);
  if (score < arm->score) arm->score = score, arm->sign = look.t;
  if (margin == 0) return;
  arm->above = std::min(arm->above, SideScore(rule, (look.mean + margin) / look.error, n));
  arm->below = std::min(arm->below, SideScore(rule, (margin - look.mean) / look.error, n));
}

// Holm's step-down over all arms, each with what it has. Of the two tests of an arm the null of one
// is true at most, so that a step is divided by the arms with an open one (HolmAdjustedArms).
void StepDown(const PreparedDecider& rule, bool has_margin, std::vector<Arm>* arms) {
  for (bool any = true; any;) {
    any = false;
    const auto open = static_cast<size_t>(std::ranges::count_if(
        *arms, [&](const Arm& arm) { return !arm.differs || (has_margin && !arm.equivalent); }));
    if (open == 0) return;
    for (Arm& arm : *arms) {
      const bool differs = arm.score <= rule.limits[open - 1];
      const bool equivalent =
          has_margin && std::max(arm.above, arm.below) <= rule.equivalence_limits[open - 1];
      any = any || (differs && !arm.differs) || (equivalent && !arm.equivalent);
      arm.differs = arm.differs || differs;
      arm.equivalent = arm.equivalent || equivalent;
    }
  }
}

// As Judge has it: what matters no more is equivalent, different or not.
Verdict VerdictOf(const Arm& arm) {
  if (arm.equivalent) return Verdict::kEquivalent;
  if (!arm.differs) return Verdict::kInconclusive;
  return arm.sign < 0 ? Verdict::kBetter : Verdict::kWorse;
}

void Count(const SimulatedStudies& studies, const std::vector<Verdict>& verdicts, Tally* tally) {
  bool any_false = false;
  for (int64_t arm = 0; arm < studies.arms; ++arm) {
    const Verdict verdict = verdicts[static_cast<size_t>(arm)];
    const double truth = TrueDifference(studies, arm);
    const bool differs = verdict == Verdict::kBetter || verdict == Verdict::kWorse;
    const bool right_side = verdict == (truth < 0 ? Verdict::kBetter : Verdict::kWorse);
    any_false = any_false || (differs && (truth == 0 || !right_side)) ||
                (verdict == Verdict::kEquivalent && std::fabs(truth) >= studies.margin);
    const bool findable = (truth != 0) == (studies.margin == 0);
    tally->findable += findable;
    tally->found += findable && (studies.margin > 0 ? verdict == Verdict::kEquivalent : differs);
  }
  tally->studies += 1;
  tally->arms += studies.arms;
  tally->false_families += any_false;
}

void Cover(double mean, double half_width, double truth, Tally* tally) {
  tally->intervals += 1;
  tally->covering += std::fabs(mean - truth) <= half_width;
}

void DecideOnce(const SimulatedStudies& studies, const StudyOfDraws& study, Tally* tally) {
  std::vector<PairedValues> family;
  for (int64_t arm = 1; arm <= studies.arms; ++arm) {
    family.push_back({study.arm[static_cast<size_t>(arm)], study.arm.front()});
  }
  const std::vector<Judgement> judgements =
      Judge(family, {.interval = 1 - kLevel, .margin = studies.margin});
  std::vector<Verdict> verdicts;
  for (int64_t arm = 0; arm < studies.arms; ++arm) {
    const Judgement& judgement = judgements[static_cast<size_t>(arm)];
    verdicts.push_back(judgement.verdict);
    const Summary& difference = judgement.pairs.difference;
    Cover(difference.mean, difference.half_width, TrueDifference(studies, arm), tally);
  }
  tally->arm_seeds += studies.arms * studies.seeds;
  Count(studies, verdicts, tally);
}

void DecideAlongTheWay(const SimulatedStudies& studies, const StudyOfDraws& study,
                       const PreparedDecider& rule, Tally* tally) {
  std::vector<Arm> arms(static_cast<size_t>(studies.arms));
  for (int64_t n = kFirstLook; n <= studies.seeds; ++n) {
    for (size_t i = 0; i < arms.size(); ++i) {
      if (arms[i].IsDecided()) continue;
      TakeLook(rule, study.looks[i][static_cast<size_t>(n)], n, studies.margin, &arms[i]);
    }
    StepDown(rule, studies.margin > 0, &arms);
  }
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < arms.size(); ++i) {
    const Arm& arm = arms[i];
    verdicts.push_back(VerdictOf(arm));
    tally->arm_seeds += arm.seeds;
    if (rule.decider.way == Way::kEValue) continue;
    const auto n = static_cast<size_t>(arm.seeds);
    const Look& last = study.looks[i][n];
    Cover(last.mean, rule.half_widths[n] * last.error,
          TrueDifference(studies, static_cast<int64_t>(i)), tally);
  }
  Count(studies, verdicts, tally);
}

// Studies `first`, first + step, …
std::vector<Tally> SimulateSome(const SimulatedStudies& studies,
                                std::span<const PreparedDecider> rules, int64_t first,
                                int64_t step) {
  std::vector<Tally> tallies(rules.size());
  const bool peeks = std::ranges::any_of(
      rules, [](const PreparedDecider& rule) { return rule.decider.way != Way::kOnce; });
  for (int64_t number = first; number < studies.studies; number += step) {
    const StudyOfDraws study = Draw(studies, number, peeks);
    for (size_t i = 0; i < rules.size(); ++i) {
      if (rules[i].decider.way == Way::kOnce) {
        DecideOnce(studies, study, &tallies[i]);
      } else {
        DecideAlongTheWay(studies, study, rules[i], &tallies[i]);
      }
    }
  }
  return tallies;
}

}  // namespace

double Tally::FamilyError() const { return Share(false_families, studies); }

double Tally::FamilyErrorDeviation() const {
  return std::sqrt(FamilyError() * (1 - FamilyError()) / static_cast<double>(studies));
}

double Tally::Power() const { return Share(found, findable); }

double Tally::Coverage() const { return Share(covering, intervals); }

double Tally::SeedsPerArm() const { return Share(arm_seeds, arms); }

Tally& Tally::operator+=(const Tally& other) {
  studies += other.studies;
  false_families += other.false_families;
  findable += other.findable;
  found += other.found;
  intervals += other.intervals;
  covering += other.covering;
  arm_seeds += other.arm_seeds;
  arms += other.arms;
  return *this;
}

std::vector<PreparedDecider> Prepare(std::span<const Decider> deciders, int64_t seeds,
                                     int64_t arms) {
  UPCYCLE_CHECK(seeds >= kFirstLook && arms >= 1);
  std::vector<PreparedDecider> prepared;
  for (const Decider& decider : deciders) prepared.push_back(PrepareOne(decider, seeds, arms));
  return prepared;
}

std::vector<Tally> Simulate(const SimulatedStudies& studies,
                            std::span<const PreparedDecider> deciders, int threads) {
  UPCYCLE_CHECK(studies.studies >= 1 && threads >= 1);
  UPCYCLE_CHECK(studies.different >= 0 && studies.different <= studies.arms);
  for (const PreparedDecider& decider : deciders) {
    UPCYCLE_CHECK_EQ(decider.plan.most, studies.seeds);
    UPCYCLE_CHECK_EQ(decider.arms, studies.arms);
    UPCYCLE_CHECK(decider.decider.way != Way::kEValue || studies.margin == 0);
  }
  std::vector<std::vector<Tally>> parts(static_cast<size_t>(threads));
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < threads; ++worker) {
      workers.emplace_back([&, worker] {
        parts[static_cast<size_t>(worker)] = SimulateSome(studies, deciders, worker, threads);
      });
    }
  }
  std::vector<Tally> tallies(deciders.size());
  for (const std::vector<Tally>& part : parts) {
    for (size_t i = 0; i < tallies.size(); ++i) tallies[i] += part[i];
  }
  return tallies;
}

}  // namespace upcycle
