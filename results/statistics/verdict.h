// Which arms of a table are better or worse than its baseline, or as good within a margin, as far
// as the evidence goes: the paired t test for each arm, sequential where seeds come until it is
// decided; Holm's correction over all arms of the table; and a plain refusal where a test has no
// ground to stand on.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "results/statistics/equivalence.h"
#include "results/statistics/paired_difference.h"
#include "results/statistics/preference.h"
#include "results/statistics/sequential_test.h"

namespace upcycle {

enum class Verdict {
  kBetter,
  kWorse,
  kEquivalent,    // shown to lie within the margin, which may be beside a difference that is shown
  kInconclusive,  // tested, and not decided at this level
  kIdentical,     // every pair is equal to the last bit
  kUndecidable,   // no test is possible: too few pairs or more than were planned, differences
                  // without any spread, or values that do not compare
  kIncomplete,    // pairs are missing, and a verdict on the rest was not asked for
};
template <>
struct EnumNames<Verdict> {
  static constexpr EnumName<Verdict> values[] = {
      {Verdict::kBetter, "better", "adjusted p at or below 1 - interval, on the better side"},
      {Verdict::kWorse, "worse", "adjusted p at or below 1 - interval, on the worse side"},
      {Verdict::kEquivalent, "equivalent",
       "adjusted p of lying within the margin at or below 1 - interval"},
      {Verdict::kInconclusive, "inconclusive", "adjusted p above 1 - interval"},
      {Verdict::kIdentical, "identical", "every pair is equal"},
      {Verdict::kUndecidable, "undecidable",
       "too few pairs, differences without spread, or values that do not compare"},
      {Verdict::kIncomplete, "incomplete", "pairs are missing"},
  };
};

// One arm against the baseline: entry i of both is the same seed; a value that is not finite is
// missing.
struct PairedValues {
  std::vector<double> arm;
  std::vector<double> baseline;
  std::string incomparable =
      {};  // why no difference of the two means anything; empty: they compare
  // In place of whether they differ: whether the difference lies within these bounds (equivalent)
  // or outside (better or worse). Not with a plan.
  std::optional<AlikeBounds> alike = std::nullopt;
};

struct VerdictRules {
  Preference preference = Preference::kLower;
  double interval = 0.95;         // verdicts at level 1 - interval
  bool allow_incomplete = false;  // judge the complete pairs where others are missing
  // Differences of this size or more matter, in the unit of the metric; 0: none is called
  // equivalent.
  double margin = 0;
  // Seeds come until arms are decided: tests are sequential, intervals the repeated ones.
  std::optional<SequentialPlan> looks = std::nullopt;
};

struct Judgement {
  Verdict verdict = Verdict::kUndecidable;
  std::string reason;      // why it is not better or worse; empty where it is
  PairedDifference pairs;  // of the complete pairs; the interval of a plan is the repeated one
  int64_t missing = 0;     // pairs that lack a value
  double adjusted_p = 0;   // NaN where no test was made; with AlikeBounds: of lying outside
  // That it lies within the margin, or the bounds; NaN where that was not tested.
  double adjusted_equivalence_p = std::numeric_limits<double>::quiet_NaN();
};

// One judgement for each arm of the family. An arm that cannot be tested still counts in Holm's
// correction, so that a verdict does not weaken when a missing run arrives.
// `table`: of sequential tests asked before; null: nothing is remembered beyond this call.
std::vector<Judgement> Judge(std::span<const PairedValues> family, const VerdictRules& rules,
                             SequentialTable* table = nullptr);

}  // namespace upcycle
