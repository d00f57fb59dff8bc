#include "results/evidence/evidence_notes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "results/comparison/listed_names.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

std::string Percent(double share) { return fmt::format("{:.4g} %", 100 * share); }

std::string Number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "none";
}

using Condition = std::function<bool(const ArmEvidence&)>;

// The names of those shown that meet it; empty where none does.
std::string Names(const Evidence& evidence, const Condition& meets) {
  std::vector<std::string> names;
  for (const ArmEvidence& arm : evidence.arms) {
    if (arm.arm->shown && meets(arm)) names.push_back(arm.arm->name);
  }
  return ListedNames(names);
}

bool AnyOther(const Evidence& evidence, const std::function<bool(const OtherTests&)>& meets) {
  return std::ranges::any_of(evidence.arms, [&](const ArmEvidence& arm) {
    return arm.arm->shown && arm.others && meets(*arm.others);
  });
}

// "with 6 pairs no values take them below 0.031", of the most pairs and of the fewest.
std::string ExactBoundText(const Evidence& evidence) {
  std::set<int64_t> pairs;
  for (const ArmEvidence& arm : evidence.arms) {
    if (arm.others) pairs.insert(arm.difference.count);
  }
  const int64_t fewest = *pairs.begin(), most = *pairs.rbegin();
  const std::string text = fmt::format("with {} pairs no values take them below {}", most,
                                       ProbabilityText(SmallestExactP(most)));
  if (fewest == most) return text;
  return fmt::format("{}, with {} below {}", text, fewest, ProbabilityText(SmallestExactP(fewest)));
}

class Notes {
 public:
  Notes(const Evidence& evidence, const Comparison& comparison)
      : evidence_(evidence), comparison_(comparison), interval_(comparison.table.interval) {}

  std::vector<std::string> Take() && {
    AddVerdictNote();
    AddDifferenceNote();
    if (AnyOther(evidence_, [](const OtherTests&) { return true; })) {
      AddExactNote();
      AddBootstrapNote();
      AddSizeNotes();
    }
    AddFloorNote();
    AddRefusalNotes();
    AddDisagreements();
    return std::move(notes_);
  }

 private:
  template <typename... Values>
  void Add(fmt::format_string<Values...> format, Values&&... values) {
    notes_.push_back(fmt::format(format, std::forward<Values>(values)...));
  }

  void AddVerdictNote() {
    Add("Evidence. Verdicts rest on adjusted p alone{}; the other columns look at the same "
        "differences of {} to {} in other ways, are not adjusted, and decide nothing.",
        comparison_.table.margin > 0 ? ", and on p of likeness for equivalent" : "",
        comparison_.metrics.front(), comparison_.baseline);
  }

  void AddDifferenceNote() {
    Add("Differences. Mean over paired seeds ± half of the {} {} interval, for differences that "
        "are independent and about normal; adjusted p is of the two-sided {}paired t test, by "
        "Holm's correction over {} comparison{}.",
        Percent(interval_), evidence_.is_sequential ? "repeated" : "t",
        evidence_.is_sequential ? "sequential " : "", evidence_.family,
        evidence_.family == 1 ? "" : "s");
    if (comparison_.table.margin > 0) {
      Add("Likeness. Adjusted p of two one-sided t tests that the difference lies within ±{:g}, in "
          "the same family.",
          comparison_.table.margin);
    }
  }

  void AddExactNote() {
    const bool drawn =
        AnyOther(evidence_, [](const auto& tests) { return !tests.sign_flip.exact; });
    const bool normal = AnyOther(evidence_, [](const auto& tests) { return !tests.ranks.exact; });
    Add("Sign-flip, Wilcoxon. Two-sided p over all choices of signs, of the differences and of "
        "their ranks; they assume that differences are independent and symmetric, not that they "
        "are normal, and {}.{}{}",
        ExactBoundText(evidence_),
        drawn ? fmt::format(" Beyond {} pairs signs are drawn.", kExactPairs) : "",
        normal ? fmt::format(" Beyond {} ranks Wilcoxon's is approximate.", kExactRanks) : "");
    const std::string silent = Names(evidence_, [&](const ArmEvidence& arm) {
      return arm.others && arm.others->sign_flip_test.least_adjusted > evidence_.level;
    });
    if (silent.empty()) return;
    Add("Too few seeds. No values of so many seeds could decide {} by sign-flip or Wilcoxon's test "
        "at level {:.2g}, adjusted: there these tests neither support nor contradict a verdict.",
        silent, evidence_.level);
  }

  void AddBootstrapNote() {
    const bool any_short = AnyOther(evidence_, [](const OtherTests& tests) {
      return std::isfinite(tests.bootstrap.low) && !tests.bootstrap.warning.empty();
    });
    Add("Bootstrap. The {} BCa interval of the mean difference from resampled pairs, of no assumed "
        "shape{}.",
        Percent(interval_),
        any_short ? fmt::format("; below {} pairs it is too short, and only the t interval counts",
                                kBootstrapPairs)
                  : "");
  }

  void AddSizeNotes() {
    Add("Effect size. The mean difference in deviations of a difference (d_z with Hedges' "
        "correction), with the {} interval of the true one for normal differences: how clearly "
        "arms differ, not how much.",
        Percent(interval_));
    Add("Detectable. The smallest true difference that so many seeds find in {} of studies at "
        "level "
        "{:.2g}, the strictest of Holm's correction, if the deviation seen is the true one.",
        Percent(kPlannedPower), 1 / static_cast<double>(evidence_.family) * evidence_.level);
    Add("Seeds needed. As many would find a true difference as large as the one seen that often; "
        "neither it nor its deviation is known from few seeds, so take it as an order of "
        "magnitude.");
  }

  void AddFloorNote() {
    if (!std::isfinite(evidence_.floor.deviation)) return;
    Add("Noise floor. Means over so many pairs of equal but unpaired arms lie within ± this in {} "
        "of cases, by the spread of {} runs of {}; pairing takes some of that noise away, so a "
        "difference below it can still be decided.",
        Percent(interval_), evidence_.floor_runs, comparison_.baseline);
  }

  void AddRefusalNotes() {
    if (evidence_.is_sequential) {
      Add("Other tests. None: seeds came until arms were decided, and sign-flip and Wilcoxon's "
          "tests, bootstrap, effect size and power hold for a number of seeds fixed before.");
      return;
    }
    const std::string without =
        Names(evidence_, [](const ArmEvidence& arm) { return !arm.others.has_value(); });
    if (!without.empty()) {
      Add("Other tests. None for {}: the notes of the main table say why there is no verdict, and "
          "without one nothing else is tested either.",
          without);
    }
  }

  // What `finds` a difference or not where the verdict's test says the reverse.
  void AddDisagreement(const char* what, const Condition& disagrees) {
    const auto differs = [&](const ArmEvidence& arm) {
      return arm.judgement.adjusted_p <= evidence_.level;
    };
    const std::string lost =
        Names(evidence_, [&](const auto& arm) { return disagrees(arm) && differs(arm); });
    const std::string found =
        Names(evidence_, [&](const auto& arm) { return disagrees(arm) && !differs(arm); });
    if (!lost.empty()) {
      Add("Disagreement. {} does not find, at level {:.2g} and adjusted, the difference of {} that "
          "the t test finds: that verdict rests on differences being normal.",
          what, evidence_.level, lost);
    }
    if (!found.empty()) {
      Add("Disagreement. {} finds, at level {:.2g} and adjusted, a difference of {} where the t "
          "test finds none: the verdict stays.",
          what, evidence_.level, found);
    }
  }

  void AddDisagreements() {
    AddDisagreement("The sign-flip test", [](const ArmEvidence& arm) {
      return arm.others && arm.others->sign_flip_test.disagrees;
    });
    AddDisagreement("Wilcoxon's test", [](const ArmEvidence& arm) {
      return arm.others && arm.others->ranks_test.disagrees;
    });
    const std::string intervals = Names(evidence_, [](const ArmEvidence& arm) {
      return arm.others && arm.others->bootstrap_disagrees;
    });
    if (!intervals.empty()) {
      Add("Disagreement. Of the t and the bootstrap interval of {}, neither adjusted, one holds 0 "
          "and the other does not: the shape of the differences matters.",
          intervals);
    }
  }

  const Evidence& evidence_;
  const Comparison& comparison_;
  double interval_;
  std::vector<std::string> notes_;
};

std::string Disagrees(const OtherTest& test) {
  return test.disagrees ? ", unlike the verdict's test" : "";
}

std::string ReachLine(const Reach& reach, int64_t pairs) {
  const std::string needed = reach.seeds_needed
                                 ? fmt::format("{} seeds", *reach.seeds_needed)
                                 : fmt::format("more than {} seeds", kMostSeedsNamed);
  return fmt::format(
      "{} pairs find a true difference of {} in {} of studies at level {:.4g}; one as large as "
      "seen would take {}",
      pairs, Number(reach.detectable), Percent(kPlannedPower), reach.level, needed);
}

}  // namespace

std::vector<std::string> EvidenceNotes(const Evidence& evidence, const Comparison& comparison) {
  if (evidence.arms.empty()) return {};
  return Notes(evidence, comparison).Take();
}

std::vector<std::string> EvidenceLines(const Evidence& evidence, const ArmEvidence& arm,
                                       const Comparison& comparison) {
  std::vector<std::string> lines;
  const int64_t pairs = arm.difference.count;
  if (arm.others) {
    const OtherTests& tests = *arm.others;
    lines.push_back(fmt::format(
        "sign-flip test: p = {} over {} choices of signs, adjusted {}, which no values take below "
        "{}{}",
        tests.sign_flip.p, tests.sign_flip.exact ? "all" : "drawn",
        Number(tests.sign_flip_test.adjusted_p), Number(tests.sign_flip_test.least_adjusted),
        Disagrees(tests.sign_flip_test)));
    lines.push_back(fmt::format(
        "Wilcoxon's test: p = {}{} of ranks W+ = {}, W− = {}, adjusted {}{}", Number(tests.ranks.p),
        tests.ranks.exact ? "" : ", approximate,", tests.ranks.positive, tests.ranks.negative,
        Number(tests.ranks_test.adjusted_p), Disagrees(tests.ranks_test)));
    const std::string& warning = tests.bootstrap.warning;
    lines.push_back(fmt::format("bootstrap: {} BCa interval {} to {}{}{}",
                                Percent(comparison.table.interval), Number(tests.bootstrap.low),
                                Number(tests.bootstrap.high), warning.empty() ? "" : "; ",
                                warning));
    lines.push_back(fmt::format(
        "effect size: d_z = {}, with Hedges' correction {}, {} interval {} to {}",
        Number(tests.size.cohen), Number(tests.size.hedges), Percent(comparison.table.interval),
        Number(tests.size.low), Number(tests.size.high)));
    lines.push_back(ReachLine(tests.reach, pairs));
  }
  if (std::isfinite(arm.floor)) {
    lines.push_back(fmt::format(
        "noise floor: means over {} pairs of equal, unpaired arms lie within ±{} in {} of cases, "
        "by {} runs of {}",
        pairs, Number(arm.floor), Percent(comparison.table.interval), evidence.floor_runs,
        comparison.baseline));
  }
  return lines;
}

}  // namespace upcycle
