#include "results/report/sentences.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/plural.h"
#include "results/comparison/metric_unit.h"
#include "results/evidence/evidence.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

// " nats", or nothing for a pure number.
std::string UnitOf(const Comparison& comparison) {
  const std::string unit = UnitOfMetric(comparison.metrics.front());
  return unit.empty() ? "" : " " + unit;
}

std::string AloneText(double value) {
  return EstimateText(value, std::numeric_limits<double>::quiet_NaN(), {.digits = 2});
}

std::string DifferenceText(const Comparison& comparison, const Summary& difference) {
  return EstimateText(difference.mean, difference.half_width,
                      {.plus = true, .digits = comparison.table.digits}) +
         UnitOf(comparison);
}

std::string EvidenceText(const Judgement& judgement) {
  return fmt::format("({}, adjusted p {})", Plural(judgement.pairs.difference.count, "paired seed"),
                     ProbabilityText(judgement.adjusted_p));
}

// A sequential test is decided at one of its looks; the mean over all seeds may since have crossed
// 0, and then no "by" would be true.
bool MeanAgrees(const Comparison& comparison, const Judgement& judgement) {
  const bool lower = judgement.pairs.difference.mean < 0;
  const bool is_better_side = lower == (comparison.preference == Preference::kLower);
  return is_better_side == (judgement.verdict == Verdict::kBetter);
}

std::string DecidedText(const Comparison& comparison, const ArmComparison& arm) {
  const Judgement& judgement = *arm.judgement;
  const Summary& difference = judgement.pairs.difference;
  const std::string head =
      fmt::format("{} is {} than {}", arm.name, NameOf(judgement.verdict), comparison.baseline);
  if (!MeanAgrees(comparison, judgement)) {
    return fmt::format("{} {}; over all seeds the difference is {}.", head, EvidenceText(judgement),
                       DifferenceText(comparison, difference));
  }
  return fmt::format("{} by {}{} {}.", head,
                     EstimateText(std::fabs(difference.mean), difference.half_width,
                                  {.digits = comparison.table.digits}),
                     UnitOf(comparison), EvidenceText(judgement));
}

std::string EquivalentText(const Comparison& comparison, const ArmComparison& arm) {
  const Judgement& judgement = *arm.judgement;
  const bool differs = judgement.adjusted_p <= comparison.table.Level();
  return fmt::format(
      "{} is equivalent to {} within ±{:g}{}: the difference is {} ({}, adjusted p of lying within "
      "the margin {}){}.",
      arm.name, comparison.baseline, comparison.table.margin, UnitOf(comparison),
      DifferenceText(comparison, judgement.pairs.difference),
      Plural(judgement.pairs.difference.count, "paired seed"),
      ProbabilityText(judgement.adjusted_equivalence_p),
      differs ? "; there is a difference, too small to matter" : "");
}

std::string ReachedText(const Comparison& comparison, const ArmComparison& arm) {
  const Summary& reached = arm.summaries.front();
  const std::string& metric = comparison.metrics.front();
  const std::string what = arm.name == comparison.baseline ? "The baseline, " : "";
  if (reached.count == 0) return fmt::format("{}{}, has no {} yet.", what, arm.name, metric);
  return fmt::format(
      "{}{}, reached {} {}{} ({}).", what, arm.name, metric,
      EstimateText(reached.mean, reached.half_width, {.digits = comparison.table.digits}),
      UnitOf(comparison), Plural(reached.count, "seed"));
}

std::string SeedsNeededText(const std::optional<int64_t>& needed, int64_t present) {
  if (!needed) {
    return fmt::format("to find the one that was seen would take more than {} seeds",
                       kMostSeedsNamed);
  }
  if (*needed <= present) return "the one that was seen is about of that size";
  return fmt::format("to find the one that was seen would take about {}, {} more",
                     Plural(*needed, "seed"), *needed - present);
}

}  // namespace

std::string OverviewSentence(const Comparison& comparison) {
  const int64_t judged = FamilyOf(comparison);
  if (comparison.baseline.empty()) {
    return fmt::format("{}, and no baseline: nothing is compared.",
                       Plural(comparison.arms.size(), "arm"));
  }
  std::vector<std::string> parts;
  for (const auto& verdict : EnumNames<Verdict>::values) {
    const auto count = std::ranges::count_if(comparison.arms, [&](const ArmComparison& arm) {
      return arm.judgement && arm.judgement->verdict == verdict.value;
    });
    if (count > 0) {
      parts.push_back(fmt::format("{} {} {}", count, count == 1 ? "is" : "are", verdict.name));
    }
  }
  if (parts.empty())
    return fmt::format("No arm beside {}: nothing is compared.", comparison.baseline);
  return fmt::format("Of {} against {}, {}.", Plural(judged, "arm"), comparison.baseline,
                     fmt::join(parts, ", "));
}

std::string FindingSentence(const Comparison& comparison, const ArmComparison& arm) {
  if (!arm.judgement) return ReachedText(comparison, arm);
  const Judgement& judgement = *arm.judgement;
  switch (judgement.verdict) {
    case Verdict::kBetter:
    case Verdict::kWorse:
      return DecidedText(comparison, arm);
    case Verdict::kEquivalent:
      return EquivalentText(comparison, arm);
    case Verdict::kInconclusive:
      return fmt::format(
          "{} against {} is inconclusive: the difference is {} {}.", arm.name, comparison.baseline,
          DifferenceText(comparison, judgement.pairs.difference), EvidenceText(judgement));
    case Verdict::kIdentical:
      return fmt::format("{} is identical to {} in {}: {}.", arm.name, comparison.baseline,
                         comparison.metrics.front(), judgement.reason);
    case Verdict::kUndecidable:
    case Verdict::kIncomplete:
      break;
  }
  return fmt::format("{} has no verdict against {}, it is {}: {}.", arm.name, comparison.baseline,
                     NameOf(judgement.verdict), judgement.reason);
}

std::string PowerSentence(const Comparison& comparison, const ArmComparison& arm) {
  if (!arm.judgement || arm.judgement->verdict != Verdict::kInconclusive) return "";
  const Summary& difference = arm.judgement->pairs.difference;
  const auto reach = ReachOf(difference, comparison.table.Level(), FamilyOf(comparison));
  if (comparison.table.IsSequential() || !reach) return "";
  return fmt::format(
      "Were the spread seen the true one, {} would find a difference of {}{} in {:g} % of such "
      "studies; {}.",
      Plural(difference.count, "seed"), AloneText(reach->detectable), UnitOf(comparison),
      100 * kPlannedPower, SeedsNeededText(reach->seeds_needed, difference.count));
}

}  // namespace upcycle
