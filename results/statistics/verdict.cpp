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

void TestOnce(const VerdictRules& rules, const std::optional<AlikeBounds>& alike, Case* made) {
  const PairedDifference& pairs = made->judgement.pairs;
  if (alike) {
    const Alike tests = TestAlike(pairs, *alike);
    made->p = tests.p_outside;
    made->equivalence_p = tests.p_within;
    return;
  }
  made->p = pairs.p;
  if (rules.margin > 0) made->equivalence_p = TestEquivalence(pairs, rules.margin).p;
}

void TestAtEachLook(const VerdictRules& rules, const SequentialBoundary& boundary,
                    SequentialTable& table, Case* made) {
  const SequentialTest test = TestSequentially(*rules.looks, made->differences, table);
  made->p = test.p;
  if (rules.margin > 0) {
    made->equivalence_p =
        SequentialEquivalenceP(*rules.looks, made->differences, rules.margin, table);
  }
  Summary& difference = made->judgement.pairs.difference;
  if ((test.t < 0) != (difference.mean < 0)) made->contradicted = test.strongest;
  difference.half_width = boundary.HalfWidth(difference.count, difference.StandardError());
}

// "within ±0.01", or of one bound "above −0.01".
std::string WithinText(const VerdictRules& rules, const std::optional<AlikeBounds>& alike) {
  if (!alike) return fmt::format("within ±{:g}", rules.margin);
  if (!std::isfinite(alike->high)) return fmt::format("above {:g}", alike->low);
  if (!std::isfinite(alike->low)) return fmt::format("below {:g}", alike->high);
  return fmt::format("between {:g} and {:g}", alike->low, alike->high);
}

// With as many digits, from two on, as show that it is above the level: 0.053, but 0.0502.
std::string AboveText(double p, double level) {
  const std::string bound = fmt::format("{:.2g}", level);
  int digits = 2;
  while (digits < 17 && fmt::format("{:.{}g}", p, digits) == bound) ++digits;
  return fmt::format("{:.{}g}", p, digits);
}

std::string WhyInconclusive(const VerdictRules& rules, const std::optional<AlikeBounds>& alike,
                            const Judgement& judgement) {
  const double level = 1 - rules.interval;
  const std::string of_difference = AboveText(judgement.adjusted_p, level);
  const std::string of_likeness = AboveText(judgement.adjusted_equivalence_p, level);
  if (alike) {
    return fmt::format("adjusted p = {} of lying {} is above {:.2g}, and so is {} of not",
                       of_likeness, WithinText(rules, alike), level, of_difference);
  }
  std::string reason = fmt::format("adjusted p = {} is above {:.2g}", of_difference, level);
  if (rules.margin > 0) {
    reason += fmt::format(", and so is {}, that of lying within ±{:g}", of_likeness, rules.margin);
  }
  return reason;
}

void Decide(const VerdictRules& rules, const std::optional<AlikeBounds>& alike,
            int64_t contradicted, Judgement* judgement) {
  const double level = 1 - rules.interval;
  const bool differs = judgement->adjusted_p <= level;
  const Summary& difference = judgement->pairs.difference;
  if (judgement->adjusted_equivalence_p <= level) {
    const std::string within = WithinText(rules, alike);
    judgement->verdict = Verdict::kEquivalent;
    judgement->reason = differs ? fmt::format("there is a difference, and it lies {}", within)
                                : fmt::format("it lies {}: adjusted p = {:.2g}", within,
                                              judgement->adjusted_equivalence_p);
  } else if (!differs) {
    judgement->verdict = Verdict::kInconclusive;
    judgement->reason = WhyInconclusive(rules, alike, *judgement);
  } else if (contradicted > 0) {
    judgement->verdict = Verdict::kInconclusive;
    judgement->reason = fmt::format(
        "adjusted p = {:.2g} rests on the first {} seeds, and the mean of all {} lies on the other "
        "side",
        judgement->adjusted_p, contradicted, difference.count);
  } else {
    // Outside of bounds it lies below the low one or above the high one.
    const double low = alike ? alike->low : 0;
    const bool lower = difference.mean < low;
    const bool better = lower == (rules.preference == Preference::kLower);
    judgement->verdict = better ? Verdict::kBetter : Verdict::kWorse;
  }
}

// An arm with one test has it twice: both fall together, so that it counts as one.
void Adjust(const VerdictRules& rules, std::span<const PairedValues> family,
            std::vector<Case>* cases) {
  const auto has_two = [&](size_t i) { return rules.margin > 0 || family[i].alike.has_value(); };
  std::vector<double> p, equivalence_p;
  for (size_t i = 0; i < cases->size(); ++i) {
    p.push_back((*cases)[i].p);
    equivalence_p.push_back(has_two(i) ? (*cases)[i].equivalence_p : p.back());
  }
  const AdjustedArms adjusted = HolmAdjustedArms(p, equivalence_p);
  for (size_t i = 0; i < cases->size(); ++i) {
    (*cases)[i].judgement.adjusted_p = adjusted.difference[i];
    if (has_two(i)) (*cases)[i].judgement.adjusted_equivalence_p = adjusted.equivalence[i];
  }
}

}  // namespace

std::vector<Judgement> Judge(std::span<const PairedValues> family, const VerdictRules& rules,
                             SequentialTable* table) {
  UPCYCLE_CHECK(rules.margin >= 0 && std::isfinite(rules.margin));
  SequentialTable own;
  SequentialTable& asked = table == nullptr ? own : *table;
  std::optional<SequentialBoundary> boundary;
  if (rules.looks) boundary.emplace(*rules.looks, Sides::kTwo, 1 - rules.interval, asked);
  std::vector<Case> cases;
  for (const PairedValues& values : family) {
    UPCYCLE_CHECK(!values.alike || !rules.looks);
    Case made = ComparePresentPairs(values, rules);
    if (auto refusal = RefusalOf(made.judgement, values, rules)) {
      made.judgement.verdict = refusal->verdict;
      made.judgement.reason = std::move(refusal->reason);
    } else if (rules.looks) {
      TestAtEachLook(rules, *boundary, asked, &made);
    } else {
      TestOnce(rules, values.alike, &made);
    }
    cases.push_back(std::move(made));
  }
  Adjust(rules, family, &cases);
  std::vector<Judgement> judgements;
  for (size_t i = 0; i < cases.size(); ++i) {
    Case& made = cases[i];
    if (!std::isnan(made.p)) Decide(rules, family[i].alike, made.contradicted, &made.judgement);
    judgements.push_back(std::move(made.judgement));
  }
  return judgements;
}

}  // namespace upcycle
