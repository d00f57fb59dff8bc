#include "results/statistics/verdict.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/check.h"
#include "results/statistics/holm.h"

namespace upcycle {
namespace {

Judgement ComparePresentPairs(const PairedValues& values, const VerdictRules& rules) {
  UPCYCLE_CHECK_EQ(values.arm.size(), values.baseline.size());
  Judgement judgement;
  if (!values.incomparable.empty()) {
    judgement.pairs = ComparePairs({}, {}, rules.interval);
    return judgement;
  }
  std::vector<double> arm, baseline;
  for (size_t i = 0; i < values.arm.size(); ++i) {
    if (!std::isfinite(values.arm[i]) || !std::isfinite(values.baseline[i])) continue;
    arm.push_back(values.arm[i]);
    baseline.push_back(values.baseline[i]);
  }
  judgement.pairs = ComparePairs(arm, baseline, rules.interval);
  judgement.missing = static_cast<int64_t>(values.arm.size() - arm.size());
  return judgement;
}

void Refuse(Judgement* judgement, Verdict verdict, std::string reason) {
  judgement->verdict = verdict;
  judgement->reason = std::move(reason);
}

// Settles what needs no test. True: a test can be made.
bool CanBeTested(Judgement* judgement, const PairedValues& values, const VerdictRules& rules) {
  if (!values.incomparable.empty()) {
    Refuse(judgement, Verdict::kUndecidable, values.incomparable);
    return false;
  }
  const int64_t present = judgement->pairs.difference.count;
  if (judgement->missing > 0 && !rules.allow_incomplete) {
    Refuse(judgement, Verdict::kIncomplete,
           fmt::format("{} of {} paired seeds have no result", judgement->missing,
                       judgement->missing + present));
    return false;
  }
  switch (judgement->pairs.spread) {
    case Spread::kUnknown:
      Refuse(judgement, Verdict::kUndecidable,
             fmt::format("a test needs at least 2 paired seeds, and there {} {}",
                         present == 1 ? "is" : "are", present));
      return false;
    case Spread::kAllZero:
      Refuse(judgement, Verdict::kIdentical, fmt::format("all {} differences are 0", present));
      return false;
    case Spread::kConstant:
      Refuse(
          judgement, Verdict::kUndecidable,
          fmt::format("all {} differences are the same: without spread there is no test", present));
      return false;
    case Spread::kPresent:
      return true;
  }
  return false;
}

void Decide(Judgement* judgement, const VerdictRules& rules) {
  const double level = 1 - rules.interval;
  if (judgement->adjusted_p > level) {
    Refuse(judgement, Verdict::kInconclusive,
           fmt::format("adjusted p = {:.2g} is above {:.2g}", judgement->adjusted_p, level));
    return;
  }
  const bool lower = judgement->pairs.difference.mean < 0;
  const bool better = lower == (rules.preference == Preference::kLower);
  judgement->verdict = better ? Verdict::kBetter : Verdict::kWorse;
}

}  // namespace

std::vector<Judgement> Judge(std::span<const PairedValues> family, const VerdictRules& rules) {
  std::vector<Judgement> judgements;
  std::vector<double> p;
  for (const PairedValues& values : family) {
    Judgement judgement = ComparePresentPairs(values, rules);
    const bool tested = CanBeTested(&judgement, values, rules);
    p.push_back(tested ? judgement.pairs.p : std::numeric_limits<double>::quiet_NaN());
    judgements.push_back(std::move(judgement));
  }
  const std::vector<double> adjusted = HolmAdjusted(p);
  for (size_t i = 0; i < judgements.size(); ++i) {
    judgements[i].adjusted_p = adjusted[i];
    if (!std::isnan(adjusted[i])) Decide(&judgements[i], rules);
  }
  return judgements;
}

}  // namespace upcycle
