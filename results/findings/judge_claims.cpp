#include "results/findings/judge_claims.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/cost.h"
#include "results/findings/claim_values.h"
#include "results/statistics/verdict.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr double kNoWidth = std::numeric_limits<double>::quiet_NaN();

// Lower is what Judge calls better here, whatever the metric's goal.
constexpr VerdictRules kRules = {Preference::kLower, kClaimInterval, false};

// The sign of a difference that is good.
int BetterSign(const Expectation& expect, const Recipe& recipe) {
  return GoalOf(expect, recipe) == Goal::kMinimize ? -1 : 1;
}

// The sign of the difference that the claim expects; 0: none.
int ExpectedSign(const Expectation& expect, const Recipe& recipe) {
  const int better = BetterSign(expect, recipe);
  if (!expect.best_of.empty()) return better;
  switch (expect.is) {
    case Relation::kBetter:
      return better;
    case Relation::kWorse:
      return -better;
    case Relation::kHigher:
      return 1;
    case Relation::kLower:
      return -1;
    case Relation::kAlike:
    case Relation::kNoBetter:
      break;
  }
  return 0;
}

// Between which shares of the other arm's value a difference must lie for a claim of likeness.
struct Bounds {
  double low = 0;
  double high = 0;
};
Bounds BoundsOf(const Expectation& expect, const Recipe& recipe) {
  constexpr double kAnything = std::numeric_limits<double>::infinity();
  const bool no_better = expect.is == Relation::kNoBetter;
  const bool lower_is_better = BetterSign(expect, recipe) < 0;
  return {.low = no_better && !lower_is_better ? -kAnything : -expect.within,
          .high = no_better && lower_is_better ? kAnything : expect.within};
}

// "±0.5 %, which is ±0.016", or one of the two signs for a bound on one side.
std::string TextOf(const Bounds& bounds, double scale) {
  const bool low = std::isfinite(bounds.low), high = std::isfinite(bounds.high);
  const char* sign = low && high ? "±" : low ? "−" : "+";
  const double within = high ? bounds.high : -bounds.low;
  return fmt::format("{0}{1:g} %, which is {0}{2}", sign, 100 * within,
                     EstimateText(within * scale, kNoWidth, {.digits = 3}));
}

double MeanOfComplete(const PairedValues& values) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < values.arm.size(); ++i) {
    if (!std::isfinite(values.arm[i]) || !std::isfinite(values.baseline[i])) continue;
    sum += values.baseline[i];
    ++count;
  }
  return sum / static_cast<double>(count);
}

double CountOf(Quantity quantity, const RunSettings& settings) {
  const Cost cost = CostOf(settings);
  switch (quantity) {
    case Quantity::kParametersTotal:
      return static_cast<double>(cost.parameters.Total());
    case Quantity::kParametersActive:
      return static_cast<double>(cost.active_parameters.Total());
    case Quantity::kForwardBackwardFlops:
      break;
  }
  return cost.TrainFlops() * static_cast<double>(settings.model.sequence_length);
}

// Judged together with the others of its kind.
struct OpenTest {
  Contrast* contrast;
  int sign;  // of the difference that is expected
};

class Judging {
 public:
  Judging(const Paper& paper, LedgerReader* ledger) : paper_(paper), values_(paper, ledger) {}

  std::vector<Finding> Judge() {
    for (const PaperClaim& claim : paper_.claims) {
      const Recipe& recipe = paper_.studies[claim.study].recipe;
      Finding& finding = findings_.emplace_back(Finding{claim.claim, recipe.name});
      if (claim.claim.IsCount()) {
        JudgeCount(claim.claim.count, recipe, finding);
      } else {
        AddContrasts(claim, finding);
      }
    }
    JudgeTests();
    for (Finding& finding : findings_) Conclude(finding);
    return std::move(findings_);
  }

 private:
  static void JudgeCount(const CountExpectation& count, const Recipe& recipe, Finding& finding) {
    const double ours = CountOf(count.quantity, FindArm(recipe, count.arm)->settings);
    finding.counted = {count.quantity, ours, count.is};
    const bool near = std::abs(ours / count.is - 1) <= count.within;
    finding.support = near ? Support::kSupports : Support::kContradicts;
  }

  void AddContrasts(const PaperClaim& claim, Finding& finding) {
    const Expectation& expect = claim.claim.expect;
    const Recipe& recipe = paper_.studies[claim.study].recipe;
    const std::vector<std::string> others =
        expect.best_of.empty() ? std::vector<std::string>{expect.than} : expect.best_of;
    for (const std::string& than : others) {
      Contrast contrast = {expect.arm, than, MetricOf(expect, recipe), expect.at};
      ValuePairs pairs =
          values_.Read({claim.study, contrast.arm, than, contrast.metric, contrast.at});
      contrast.reference = MeanOfComplete(pairs.values);
      contrast.reason = std::move(pairs.missing);
      finding.contrasts.push_back(std::move(contrast));
      pairs_.push_back(std::move(pairs.values));
      signs_.push_back(ExpectedSign(expect, recipe));
      bounds_.push_back(BoundsOf(expect, recipe));
    }
  }

  // In the order in which their values were read.
  std::vector<Contrast*> Contrasts() {
    std::vector<Contrast*> contrasts;
    for (Finding& finding : findings_) {
      for (Contrast& contrast : finding.contrasts) contrasts.push_back(&contrast);
    }
    return contrasts;
  }

  void JudgeTests() {
    std::vector<PairedValues> family;
    std::vector<OpenTest> tests;
    const std::vector<Contrast*> contrasts = Contrasts();
    for (size_t i = 0; i < contrasts.size(); ++i) {
      if (signs_[i] == 0) {
        JudgeLikeness(pairs_[i], bounds_[i], *contrasts[i]);
      } else {
        family.push_back(std::move(pairs_[i]));
        tests.push_back({contrasts[i], signs_[i]});
      }
    }
    const std::vector<Judgement> judgements = upcycle::Judge(family, kRules);
    for (size_t i = 0; i < tests.size(); ++i) Take(judgements[i], tests[i]);
  }

  static void Take(const Judgement& judgement, const OpenTest& test) {
    Contrast& contrast = *test.contrast;
    contrast.pairs = judgement.pairs;
    contrast.adjusted_p = judgement.adjusted_p;
    if (judgement.verdict != Verdict::kBetter && judgement.verdict != Verdict::kWorse) {
      if (contrast.reason.empty()) contrast.reason = judgement.reason;
      return;
    }
    const int sign = judgement.verdict == Verdict::kBetter ? -1 : 1;
    contrast.support = sign == test.sign ? Support::kSupports : Support::kContradicts;
  }

  static void JudgeLikeness(const PairedValues& values, const Bounds& bounds, Contrast& contrast) {
    const Judgement judgement = upcycle::Judge({&values, 1}, kRules).front();
    contrast.pairs = judgement.pairs;
    const Summary& difference = judgement.pairs.difference;
    const bool refused =
        judgement.verdict == Verdict::kIncomplete || !std::isfinite(difference.half_width);
    if (refused) {
      if (contrast.reason.empty()) contrast.reason = judgement.reason;
      return;
    }
    const double scale = std::abs(contrast.reference);
    const double least = bounds.low * scale, most = bounds.high * scale;
    const double low = difference.mean - difference.half_width;
    const double high = difference.mean + difference.half_width;
    if (low >= least && high <= most) {
      contrast.support = Support::kSupports;
    } else if (low > most || high < least) {
      contrast.support = Support::kContradicts;
    } else {
      contrast.reason =
          fmt::format("the interval lies neither within nor outside {}", TextOf(bounds, scale));
    }
  }

  static void Conclude(Finding& finding) {
    if (finding.counted) return;
    const auto any = [&](Support support) {
      return std::any_of(finding.contrasts.begin(), finding.contrasts.end(),
                         [&](const Contrast& contrast) { return contrast.support == support; });
    };
    if (any(Support::kContradicts)) {
      finding.support = Support::kContradicts;
    } else if (!any(Support::kCannotTell)) {
      finding.support = Support::kSupports;
    }
  }

  const Paper& paper_;
  ClaimValues values_;
  std::vector<Finding> findings_;
  // Of each contrast, in the order of claims.
  std::vector<PairedValues> pairs_;
  std::vector<int> signs_;
  std::vector<Bounds> bounds_;
};

}  // namespace

std::vector<Finding> JudgeClaims(const Paper& paper, LedgerReader* ledger) {
  return Judging(paper, ledger).Judge();
}

}  // namespace upcycle
