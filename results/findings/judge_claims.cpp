#include "results/findings/judge_claims.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
AlikeBounds BoundsOf(const Expectation& expect, const Recipe& recipe) {
  constexpr double kAnything = std::numeric_limits<double>::infinity();
  const bool no_better = expect.is == Relation::kNoBetter;
  const bool lower_is_better = BetterSign(expect, recipe) < 0;
  return {.low = no_better && !lower_is_better ? -kAnything : -expect.within,
          .high = no_better && lower_is_better ? kAnything : expect.within};
}

double SizeOf(const AlikeBounds& bounds) {
  return std::isfinite(bounds.high) ? bounds.high : -bounds.low;
}

// "±", or one of the two signs for a bound on one side.
const char* SignOf(const AlikeBounds& bounds) {
  if (std::isfinite(bounds.low) && std::isfinite(bounds.high)) return "±";
  return std::isfinite(bounds.low) ? "−" : "+";
}

// "±0.5 %"
std::string TextOf(const AlikeBounds& shares) {
  return fmt::format("{}{:g} %", SignOf(shares), 100 * SizeOf(shares));
}

AlikeBounds Scaled(const AlikeBounds& bounds, double scale) {
  // An infinite bound stays one, whatever the scale.
  const auto scaled = [&](double bound) { return std::isfinite(bound) ? bound * scale : bound; };
  return {scaled(bounds.low), scaled(bounds.high)};
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

// What is asked of a contrast.
struct Question {
  int sign = 0;        // of the difference that is expected; 0: likeness
  AlikeBounds shares;  // of the other arm's value; of likeness
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
      const Question question = {ExpectedSign(expect, recipe), BoundsOf(expect, recipe)};
      if (question.sign == 0) {
        pairs.values.alike = Scaled(question.shares, std::abs(contrast.reference));
      }
      family_.push_back(std::move(pairs.values));
      questions_.push_back(question);
      finding.contrasts.push_back(std::move(contrast));
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
    const std::vector<Judgement> judgements = upcycle::Judge(family_, kRules);
    const std::vector<Contrast*> contrasts = Contrasts();
    for (size_t i = 0; i < contrasts.size(); ++i) {
      contrasts[i]->pairs = judgements[i].pairs;
      if (questions_[i].sign == 0) {
        TakeLikeness(judgements[i], questions_[i].shares, *contrasts[i]);
      } else {
        TakeDirection(judgements[i], questions_[i].sign, *contrasts[i]);
      }
    }
  }

  static void TakeDirection(const Judgement& judgement, int sign, Contrast& contrast) {
    contrast.adjusted_p = judgement.adjusted_p;
    if (judgement.verdict != Verdict::kBetter && judgement.verdict != Verdict::kWorse) {
      if (contrast.reason.empty()) contrast.reason = judgement.reason;
      return;
    }
    const int found = judgement.verdict == Verdict::kBetter ? -1 : 1;
    contrast.support = found == sign ? Support::kSupports : Support::kContradicts;
  }

  static void TakeLikeness(const Judgement& judgement, const AlikeBounds& shares,
                           Contrast& contrast) {
    contrast.adjusted_p = std::fmin(judgement.adjusted_p, judgement.adjusted_equivalence_p);
    contrast.alike_within = TextOf(shares);
    const std::string size =
        EstimateText(SizeOf(shares) * std::abs(contrast.reference), kNoWidth, {.digits = 3});
    const std::string margin =
        fmt::format("{}, which is {}{}", contrast.alike_within, SignOf(shares), size);
    switch (judgement.verdict) {
      case Verdict::kEquivalent:
        contrast.support = Support::kSupports;
        contrast.reason = fmt::format("it is shown to lie within {}", margin);
        return;
      case Verdict::kIdentical:
        contrast.support = Support::kSupports;
        return;
      case Verdict::kBetter:
      case Verdict::kWorse:
        contrast.support = Support::kContradicts;
        contrast.reason = fmt::format("it is shown to lie outside {}", margin);
        return;
      case Verdict::kInconclusive:
        contrast.reason = fmt::format("it is shown to lie neither within nor outside {}", margin);
        return;
      case Verdict::kUndecidable:
      case Verdict::kIncomplete:
        break;
    }
    if (contrast.reason.empty()) contrast.reason = judgement.reason;
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
  std::vector<PairedValues> family_;
  std::vector<Question> questions_;
};

}  // namespace

std::vector<Finding> JudgeClaims(const Paper& paper, LedgerReader* ledger) {
  return Judging(paper, ledger).Judge();
}

}  // namespace upcycle
