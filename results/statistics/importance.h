// What each of several changes is worth, from a study in which sets of them were made:
//   leave one out:  all changes - all but i   what i is worth among the others
//   add one in:     i alone - none            what i is worth alone
//   dependence:     the first less the second, how much that rests on the others
//   interaction:    (i and j) - i - j + none  and the same taken from all changes
// Each is a paired difference, seed by seed. Removing one component at a time is an ablation
// (Newell, "A tutorial on speech understanding systems", 1975); that the two ways need not agree is
// what interactions are (Fisher, "The Design of Experiments", 1935, ch. VI). p is adjusted by Holm
// over all effects of the study.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/enum_names.h"
#include "results/statistics/effect.h"

namespace upcycle {

inline constexpr size_t kMostChanges = 64;

// A configuration: bit i of `changes` is set where change i is made; entry s of `values` is seed s,
// not finite where it is missing.
struct ChangedCell {
  uint64_t changes = 0;
  std::vector<double> values;
};

enum class Agreement {
  kAlike,    // both decided, on one side, and the dependence is not
  kDepends,  // the dependence is decided: what the change is worth rests on the others
  kUnclear,  // seeds decide neither
};
template <>
struct EnumNames<Agreement> {
  static constexpr EnumName<Agreement> values[] = {
      {Agreement::kAlike, "alike",
       "alone and among the others it is worth the same, as far as known"},
      {Agreement::kDepends, "depends", "what it is worth rests on the other changes"},
      {Agreement::kUnclear, "unclear", "there are too few seeds, or too few cells, to tell"},
  };
};

struct ChangeImportance {
  size_t change = 0;
  // Empty where the study lacks a cell.
  std::optional<Effect> left_out;
  std::optional<Effect> added;
  std::optional<Effect> dependence;
  Agreement agreement = Agreement::kUnclear;
};

struct ChangeInteraction {
  size_t first = 0;
  size_t second = 0;                // > first
  std::optional<Effect> from_none;  // around no change
  std::optional<Effect> from_all;   // around all changes; empty where there are only two
};

struct Ablation {
  std::vector<ChangeImportance> importances;    // one for each change
  std::vector<ChangeInteraction> interactions;  // of the pairs that have the cells
};

// 1 ≤ changes ≤ kMostChanges; all cells have equally many seeds, and differ in their changes.
Ablation AnalyseAblation(std::span<const ChangedCell> cells, size_t changes, double level);

}  // namespace upcycle
