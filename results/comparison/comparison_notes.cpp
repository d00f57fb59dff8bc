#include "results/comparison/comparison_notes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "results/comparison/comparison.h"
#include "results/comparison/matched_budgets.h"
#include "results/comparison/table_notes.h"
#include "results/statistics/sign_flip.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

// "seed 3" or "seeds 3, 4"; "seeds 3, 4 and 18 more".
std::string Seeds(const std::vector<int64_t>& seeds) {
  const size_t shown = std::min(seeds.size(), kNamesInASentence);
  std::string text = fmt::format("seed{} {}", seeds.size() == 1 ? "" : "s",
                                 fmt::join(seeds.begin(), seeds.begin() + shown, ", "));
  if (shown < seeds.size()) text += fmt::format(" and {} more", seeds.size() - shown);
  return text;
}

// What became of a run that has no value, without what only clock and machine decide.
std::string FateOf(const RunOutcome& run) {
  if (run.state == StageState::kDiverged) return "diverged";
  if (run.state == StageState::kPruned) return "ended by early stopping";
  if (run.state != StageState::kFailed) return "not finished";
  return run.cause.empty() ? "failed" : fmt::format("failed ({})", run.cause);
}

// "routing: seed 3 diverged; seeds 4, 5 not finished", or nothing if every run has its value.
std::string MissingRuns(const ArmComparison& arm, const std::string& metric) {
  std::map<std::string, std::vector<int64_t>> fates;
  const size_t asked = arm.seeds_asked ? static_cast<size_t>(*arm.seeds_asked) : arm.runs.size();
  for (size_t i = 0; i < std::min(asked, arm.runs.size()); ++i) {
    const RunOutcome& run = arm.runs[i];
    const auto value = run.values.find(metric);
    if (value != run.values.end() && std::isfinite(value->second.value)) continue;
    const bool complete = run.state == StageState::kComplete;
    const char* without = value == run.values.end() ? "no value" : "no finite value";
    fates[complete ? without : FateOf(run)].push_back(run.seed);
  }
  std::string text;
  for (const auto& [fate, seeds] : fates) {
    const char* verb = !fate.starts_with("no ") ? "" : seeds.size() == 1 ? "has " : "have ";
    text +=
        fmt::format("{}{} {}{}", text.empty() ? arm.name + ": " : "; ", Seeds(seeds), verb, fate);
  }
  return text;
}

void AddEarlyStoppingNote(const Comparison& comparison, std::vector<std::string>* notes) {
  std::vector<std::string> pruned;
  for (const ArmComparison& arm : comparison.arms) {
    const bool any = std::any_of(arm.runs.begin(), arm.runs.end(), [](const RunOutcome& run) {
      return run.state == StageState::kPruned;
    });
    if (any) pruned.push_back(arm.name);
  }
  if (pruned.empty()) return;
  notes->push_back(fmt::format(
      "Early stopping. {} {} ended early, as others were better at the same share of their "
      "training. Those that were kept were chosen by what is compared here: their verdicts are "
      "those of a search, not of an ablation.",
      FirstNames(pruned), pruned.size() == 1 ? "was" : "were"));
}

void AddMissingNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  std::vector<std::string> missing;
  for (const ArmComparison* arm : ShownArms(comparison)) {
    const std::string text = MissingRuns(*arm, comparison.metrics.front());
    if (!text.empty()) missing.push_back(text);
  }
  const size_t shown = std::min(missing.size(), kNamesInASentence);
  for (size_t i = 0; i < shown; ++i) notes->push_back("Missing. " + missing[i] + ".");
  if (shown < missing.size()) {
    notes->push_back(fmt::format("Missing. {} more arms lack runs.", missing.size() - shown));
  }
  for (size_t i = 1; i < comparison.metrics.size(); ++i) {
    const bool none = std::ranges::all_of(ShownArms(comparison), [&](const ArmComparison* arm) {
      return arm->summaries[i].count == 0;
    });
    if (none && !comparison.metrics[i].starts_with("moe/")) {
      notes->push_back(
          fmt::format("Missing. No finished run has recorded {}.", comparison.metrics[i]));
    }
  }
}

// Refusals that the list of missing runs does not explain.
void AddRefusalNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  std::map<std::string, std::vector<std::string>> arms_by_reason;
  for (const ArmComparison* arm : ShownArms(comparison)) {
    if (!arm->judgement) continue;
    const Judgement& judgement = *arm->judgement;
    if (judgement.verdict == Verdict::kUndecidable || judgement.verdict == Verdict::kIdentical ||
        judgement.verdict == Verdict::kIncomplete) {
      arms_by_reason[fmt::format("{}: {}", NameOf(judgement.verdict), judgement.reason)].push_back(
          arm->name);
    }
  }
  for (const auto& [reason, arms] : arms_by_reason) {
    notes->push_back(fmt::format("No verdict. {} {} {}.", FirstNames(arms),
                                 arms.size() == 1 ? "is" : "are", reason));
  }
}

// Columns beside the primary metric have no verdicts, but invite comparing.
void AddComparabilityNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  const ArmComparison* baseline = BaselineOf(comparison);
  if (baseline == nullptr) return;
  for (size_t i = 1; i < comparison.metrics.size(); ++i) {
    std::map<std::string, std::vector<std::string>> arms_by_reason;
    for (const ArmComparison* arm : ShownArms(comparison)) {
      const std::string reason = WhyNotComparable(comparison.metrics[i], arm->measured,
                                                  baseline->measured, baseline->name);
      if (!reason.empty()) arms_by_reason[reason].push_back(arm->name);
    }
    for (const auto& [reason, arms] : arms_by_reason) {
      notes->push_back(fmt::format("Do not compare. {}: {}.", FirstNames(arms), reason));
    }
  }
}

// How many pairs the tests rest on, the fewest and the most; empty if none was made.
std::optional<std::pair<int64_t, int64_t>> PairsOfTests(const Comparison& comparison) {
  std::vector<int64_t> pairs;
  for (const ArmComparison& arm : comparison.arms) {
    if (!arm.judgement || std::isnan(arm.judgement->adjusted_p)) continue;
    pairs.push_back(arm.judgement->pairs.difference.count);
  }
  if (pairs.empty()) return std::nullopt;
  const auto [fewest, most] = std::minmax_element(pairs.begin(), pairs.end());
  return std::pair(*fewest, *most);
}

std::string MarginText(double margin) {
  if (margin == 0) return "";
  return fmt::format(
      " An arm is equivalent where two one-sided tests show its difference to lie within ±{:g}.",
      margin);
}

// Where seeds come until arms are decided.
void AddSequentialNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  notes->push_back(fmt::format(
      "Seeds. Every arm has {} before the first look, then one more at a time until its verdict is "
      "decided, at most {}{}. Tests and intervals are made for being looked at after each: the "
      "probability of any false verdict in this table stays at or below {:.2g} (Holm's correction "
      "over all arms).",
      comparison.table.first_seeds, comparison.table.most_seeds,
      comparison.seeds_are_over ? "" : "; this study is not at its end", comparison.table.Level()));
}

// What no exact test can find, however the values came out: of arms with the most pairs, and of
// those with the fewest. Holm's correction multiplies the smallest p of a family by its size: if
// that is above the level, so are all.
std::string SeedsNote(int64_t fewest, int64_t most, int64_t family, double level) {
  const auto adjusted = [&](int64_t pairs) {
    return std::min(1.0, static_cast<double>(family) * SmallestExactP(pairs));
  };
  const auto least = [&](int64_t pairs) {
    const std::string p = ProbabilityText(SmallestExactP(pairs));
    return family == 1 ? p : fmt::format("{}, adjusted {}", p, ProbabilityText(adjusted(pairs)));
  };
  constexpr const char* kBound = "no exact test (sign-flip, Wilcoxon) can go below p = ";
  if (fewest == most) {
    return fmt::format(
        "Seeds. {} paired seeds: {}{}{}.", most, kBound, least(most),
        adjusted(most) > level ? ", so a verdict rests on the differences being normal" : "");
  }
  const char* which = adjusted(most) > level     ? " A verdict rests"
                      : adjusted(fewest) > level ? " With so few a verdict rests"
                                                 : "";
  return fmt::format("Seeds. {} to {} paired seeds an arm: {}{} with {}, and {} with {}.{}{}",
                     fewest, most, kBound, least(most), most, least(fewest), fewest, which,
                     *which == '\0' ? "" : " on the differences being normal.");
}

void AddTestNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  const int64_t family = FamilyOf(comparison);
  if (family == 0 || !ShowsTest(comparison)) return;
  const double level = comparison.table.Level();
  const bool is_sequential = comparison.table.IsSequential();
  notes->push_back(fmt::format(
      "Test. Verdicts are two-sided{} paired t tests of {} at level {:.2g}: the difference of an "
      "arm to {}, seed by seed. They assume that the differences of paired seeds are independent "
      "and about normal.{}",
      is_sequential ? " sequential" : "", comparison.metrics.front(), level, comparison.baseline,
      MarginText(comparison.table.margin)));
  if (is_sequential) return AddSequentialNotes(comparison, notes);
  notes->push_back(fmt::format(
      "Family. p is adjusted by Holm's correction over the {} comparison{} of this {}, those "
      "without a verdict included. Intervals are not adjusted, so one may exclude 0 where the "
      "verdict is inconclusive.",
      family, family == 1 ? "" : "s",
      comparison.where.empty() ? "table" : "study, shown here or not"));
  if (const auto pairs = PairsOfTests(comparison)) {
    notes->push_back(SeedsNote(pairs->first, pairs->second, family, level));
  }
}

// "2.4 times a run of dense"
std::string RunsText(double flops, const ArmComparison& baseline) {
  const std::string times = EstimateText(flops / baseline.cost.train_flops,
                                         std::numeric_limits<double>::quiet_NaN(), {.digits = 2});
  return fmt::format("{} a run of {}", times == "1" ? "as much as" : times + " times",
                     baseline.name);
}

// What had been reached with the parent's compute alone.
std::string ParentText(const Comparison& comparison) {
  const std::vector<double>& values = comparison.parent_values;
  if (values.empty()) return "";
  const auto text = [&](double value) {
    return EstimateText(value, std::numeric_limits<double>::quiet_NaN(),
                        {.digits = comparison.table.digits});
  };
  std::string reached = text(values.front());
  if (values.size() > 1) reached += " to " + text(values.back());
  return fmt::format("It had reached {} {}.", comparison.metrics.front(), reached);
}

void AddParentNote(const Comparison& comparison, const ArmComparison& baseline,
                   std::vector<std::string>* notes) {
  double parent = 0;
  for (const ArmComparison& arm : comparison.arms) {
    parent = std::max(parent, arm.cost.parent_train_flops - arm.cost.branch_train_flops);
  }
  const std::string reached = ParentText(comparison);
  if (parent > 0) {
    notes->push_back(fmt::format(
        "Parent. The dense parent had cost {} FLOPs before these runs began, {}; no column counts "
        "them.{}{}",
        ScientificText(parent), RunsText(parent, baseline), reached.empty() ? "" : " ", reached));
  } else if (!reached.empty()) {
    notes->push_back("Parent. The dense parent was trained elsewhere. " + reached);
  }
}

// What some arms had cost on top of that.
void AddBranchNotes(const Comparison& comparison, const ArmComparison& baseline,
                    std::vector<std::string>* notes) {
  std::map<double, std::vector<std::string>> arms_by_flops;
  for (const ArmComparison& arm : comparison.arms) {
    if (arm.cost.branch_train_flops > 0)
      arms_by_flops[arm.cost.branch_train_flops].push_back(arm.name);
  }
  for (const auto& [flops, arms] : arms_by_flops) {
    notes->push_back(fmt::format(
        "Branches. Those of {} had cost {} FLOPs more, {}; no column counts them either.",
        FirstNames(arms), ScientificText(flops), RunsText(flops, baseline)));
  }
}

void AddComputeNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  const ArmComparison* baseline = BaselineOf(comparison);
  if (baseline == nullptr || baseline->cost.train_flops <= 0) return;
  const ArmComparison* farthest = nullptr;
  for (const ArmComparison& arm : comparison.arms) {
    if (&arm == baseline || !std::isfinite(arm.flops_mismatch)) continue;
    if (farthest == nullptr ||
        std::fabs(arm.flops_mismatch) > std::fabs(farthest->flops_mismatch)) {
      farthest = &arm;
    }
  }
  if (farthest != nullptr) {
    const std::string distance =
        farthest->flops_mismatch == 0
            ? "they are the same for all arms"
            : fmt::format("farthest from {} is {}, by {}", baseline->name, farthest->name,
                          SignedPercentText(farthest->flops_mismatch));
    notes->push_back(
        fmt::format("Compute. Budgets are {}. Train FLOPs are those of a run's own training, "
                    "forward and backward, counted from its settings; {}.",
                    BudgetsText(comparison.matched_on), distance));
  }
  AddParentNote(comparison, *baseline, notes);
  AddBranchNotes(comparison, *baseline, notes);
}

void AddTwinNotes(const Comparison& comparison, std::vector<std::string>* notes) {
  const std::vector<Twin>& twins = comparison.twins;
  const size_t shown = std::min(twins.size(), kNamesInASentence);
  for (size_t i = 0; i < shown; ++i) {
    const Twin& twin = twins[i];
    notes->push_back(fmt::format("Same run. {} is {}{}{}.", twin.name, twin.kept,
                                 twin.why.empty() ? "" : ": ", twin.why));
  }
  if (shown < twins.size()) {
    notes->push_back(
        fmt::format("Same run. {} more arms are the same runs as others.", twins.size() - shown));
  }
}

}  // namespace

std::vector<std::string> NotesOn(const Comparison& comparison) {
  std::vector<std::string> notes = LayoutNotes(comparison);
  AddTestNotes(comparison, &notes);
  AddComputeNotes(comparison, &notes);
  AddTwinNotes(comparison, &notes);
  AddRefusalNotes(comparison, &notes);
  AddComparabilityNotes(comparison, &notes);
  AddEarlyStoppingNote(comparison, &notes);
  AddMissingNotes(comparison, &notes);
  return notes;
}

}  // namespace upcycle
