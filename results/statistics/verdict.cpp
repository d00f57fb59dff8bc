#include "results/statistics/verdict.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/check.h"
#include "results/statistics/equivalence.h"
#include "results/statistics/holm.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// An arm's pairs on their way to a judgement.
struct Case {
  Judgement judgement;
  std::vector<double> differences;  // of the complete pairs
  double p = kNone;                 // NaN: no test
  double equivalence_p = kNone;
  // Of a plan, the seeds at the look that the decision rests on; its mean has the other sign than
  // that of all seeds. 0: it has not, as it must where seeds stop once an arm is decided.
  int64_t contradicted = 0;
};

Case ComparePresentPairs(const PairedValues& values, const VerdictRules& rules) {
  UPCYCLE_CHECK_EQ(values.arm.size(), values.baseline.size());
  Case made;
  std::vector<double> arm, baseline;
  for (size_t i = 0; i < values.arm.size() && values.incomparable.empty(); ++i) {
    if (!std::isfinite(values.arm[i]) || !std::isfinite(values.baseline[i])) {
      ++made.judgement.missing;
      continue;
    }
    arm.push_back(values.arm[i]);
    baseline.push_back(values.baseline[i]);
    made.differences.push_back(values.arm[i] - values.baseline[i]);
  }
  made.judgement.pairs = ComparePairs(arm, baseline, rules.interval);
  return made;
}

// Why there can be no test, with the verdict in place of one.
struct Refusal {
  Verdict verdict = Verdict::kUndecidable;
  std::string reason;
};

std::string ThereAre(int64_t present) {
  return fmt::format("there {} {}", present == 1 ? "is" : "are", present);
}

std::optional<Refusal> RefusalOfPlan(const SequentialPlan& plan, int64_t present) {
  if (present < plan.first) {
    return Refusal{
        Verdict::kUndecidable,
        fmt::format("the first look is at {} paired seeds, and {}", plan.first, ThereAre(present))};
  }
  if (present > plan.most) {
    return Refusal{
        Verdict::kUndecidable,
        fmt::format("seeds were planned to end at {}, and {}: a test that stops when it is decided "
                    "holds only for the number it was planned with",
                    plan.most, ThereAre(present))};
  }
  return std::nullopt;
}

std::optional<Refusal> RefusalOf(const Judgement& judgement, const PairedValues& values,
                                 const VerdictRules& rules) {
  if (!values.incomparable.empty()) return Refusal{Verdict::kUndecidable, values.incomparable};
  const int64_t present = judgement.pairs.difference.count;
  if (judgement.missing > 0 && !rules.allow_incomplete) {
    return Refusal{Verdict::kIncomplete,
                   fmt::format("{} of {} paired seeds have no result", judgement.missing,
                               judgement.missing + present)};
  }
  if (judgement.pairs.spread == Spread::kUnknown) {
    return Refusal{Verdict::kUndecidable,
                   fmt::format("a test needs at least 2 paired seeds, and {}", ThereAre(present))};
  }
  if (rules.looks) {
    if (auto refusal = RefusalOfPlan(*rules.looks, present)) return refusal;
  }
  switch (judgement.pairs.spread) {
    case Spread::kAllZero:
      return Refusal{Verdict::kIdentical, fmt::format("all {} differences are 0", present)};
    case Spread::kConstant:
      return Refusal{
          Verdict::kUndecidable,
          fmt::format("all {} differences are the same: without spread there is no test", present)};
    case Spread::kUnknown:
    case Spread::kPresent:
      break;
  }
  return std::nullopt;
}

void TestOnce(const VerdictRules& rules, Case* made) {
  const PairedDifference& pairs = made->judgement.pairs;
  made->p = pairs.p;
  if (rules.margin > 0) made->equivalence_p = TestEquivalence(pairs, rules.margin).p;
}

void TestAtEachLook(const VerdictRules& rules, const SequentialBoundary& boundary, Case* made) {
  const SequentialTest test = TestSequentially(*rules.looks, made->differences);
  made->p = test.p;
  if (rules.margin > 0) {
    made->equivalence_p = SequentialEquivalenceP(*rules.looks, made->differences, rules.margin);
  }
  Summary& difference = made->judgement.pairs.difference;
  if ((test.t < 0) != (difference.mean < 0)) made->contradicted = test.strongest;
  difference.half_width = boundary.HalfWidth(difference.count, difference.StandardError());
}

std::string WhyInconclusive(const VerdictRules& rules, const Judgement& judgement) {
  std::string reason =
      fmt::format("adjusted p = {:.2g} is above {:.2g}", judgement.adjusted_p, 1 - rules.interval);
  if (rules.margin > 0) {
    reason += fmt::format(", and so is {:.2g}, that of lying within ±{:g}",
                          judgement.adjusted_equivalence_p, rules.margin);
  }
  return reason;
}

void Decide(const VerdictRules& rules, int64_t contradicted, Judgement* judgement) {
  const double level = 1 - rules.interval;
  const bool differs = judgement->adjusted_p <= level;
  const Summary& difference = judgement->pairs.difference;
  if (judgement->adjusted_equivalence_p <= level) {
    judgement->verdict = Verdict::kEquivalent;
    judgement->reason =
        differs ? fmt::format("there is a difference, and it lies within ±{:g}", rules.margin)
                : fmt::format("it lies within ±{:g}: adjusted p = {:.2g}", rules.margin,
                              judgement->adjusted_equivalence_p);
  } else if (!differs) {
    judgement->verdict = Verdict::kInconclusive;
    judgement->reason = WhyInconclusive(rules, *judgement);
  } else if (contradicted > 0) {
    judgement->verdict = Verdict::kInconclusive;
    judgement->reason = fmt::format(
        "adjusted p = {:.2g} rests on the first {} seeds, and the mean of all {} lies on the other "
        "side",
        judgement->adjusted_p, contradicted, difference.count);
  } else {
    const bool better = (difference.mean < 0) == (rules.preference == Preference::kLower);
    judgement->verdict = better ? Verdict::kBetter : Verdict::kWorse;
  }
}

void Adjust(const VerdictRules& rules, std::vector<Case>* cases) {
  std::vector<double> p, equivalence_p;
  for (const Case& made : *cases) {
    p.push_back(made.p);
    equivalence_p.push_back(made.equivalence_p);
  }
  AdjustedArms adjusted = {HolmAdjusted(p), equivalence_p};
  if (rules.margin > 0) adjusted = HolmAdjustedArms(p, equivalence_p);
  for (size_t i = 0; i < cases->size(); ++i) {
    (*cases)[i].judgement.adjusted_p = adjusted.difference[i];
    (*cases)[i].judgement.adjusted_equivalence_p = adjusted.equivalence[i];
  }
}

}  // namespace

std::vector<Judgement> Judge(std::span<const PairedValues> family, const VerdictRules& rules) {
  UPCYCLE_CHECK(rules.margin >= 0 && std::isfinite(rules.margin));
  std::optional<SequentialBoundary> boundary;
  if (rules.looks) boundary.emplace(*rules.looks, 1 - rules.interval);
  std::vector<Case> cases;
  for (const PairedValues& values : family) {
    Case made = ComparePresentPairs(values, rules);
    if (auto refusal = RefusalOf(made.judgement, values, rules)) {
      made.judgement.verdict = refusal->verdict;
      made.judgement.reason = std::move(refusal->reason);
    } else if (rules.looks) {
      TestAtEachLook(rules, *boundary, &made);
    } else {
      TestOnce(rules, &made);
    }
    cases.push_back(std::move(made));
  }
  Adjust(rules, &cases);
  std::vector<Judgement> judgements;
  for (Case& made : cases) {
    if (!std::isnan(made.p)) Decide(rules, made.contradicted, &made.judgement);
    judgements.push_back(std::move(made.judgement));
  }
  return judgements;
}

}  // namespace upcycle
