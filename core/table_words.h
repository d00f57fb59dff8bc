// The words by which recipes and command lines choose what the table of a study shows.
#pragma once

#include <string_view>

#include "core/enum_names.h"

namespace upcycle {

// What the cells of a metric's column are.
enum class CellMeaning { kMeanInterval, kMeanDeviation, kDifference, kMean };
template <>
struct EnumNames<CellMeaning> {
  static constexpr EnumName<CellMeaning> values[] = {
      {CellMeaning::kMeanInterval, "mean_interval", "mean ± half of the t interval over seeds"},
      {CellMeaning::kMeanDeviation, "mean_sd", "mean ± standard deviation over seeds"},
      {CellMeaning::kDifference, "difference",
       "mean difference to the baseline, seed by seed, ± half of its t interval"},
      {CellMeaning::kMean, "mean", "mean over seeds"},
  };
};

enum class BoldRule { kNone, kBest, kDecided };
template <>
struct EnumNames<BoldRule> {
  static constexpr EnumName<BoldRule> values[] = {
      {BoldRule::kNone, "none", "nothing is bold"},
      {BoldRule::kBest, "best", "the best mean of each metric, which is no test"},
      {BoldRule::kDecided, "decided", "arms of which it is decided that they are better"},
  };
};

// The columns of the comparison with the baseline.
enum class TestColumn { kSeeds, kDifference, kAdjustedP, kVerdict };
template <>
struct EnumNames<TestColumn> {
  static constexpr EnumName<TestColumn> values[] = {
      {TestColumn::kSeeds, "seeds", "how many seeds have a value, of how many"},
      {TestColumn::kDifference, "difference", "of the metric to the baseline, seed by seed"},
      {TestColumn::kAdjustedP, "adjusted_p", "of the paired t test, by Holm's correction"},
      {TestColumn::kVerdict, "verdict", "better, worse, inconclusive, …"},
  };
};

// A column to sort rows by: "validation/loss", "train_flops:desc", "arm:asc".
struct SortWords {
  std::string_view column;
  bool descending = false;
};
constexpr SortWords ParseSortWords(std::string_view text) {
  constexpr std::string_view kDescending = ":desc", kAscending = ":asc";
  if (text.ends_with(kDescending)) return {text.substr(0, text.size() - kDescending.size()), true};
  if (text.ends_with(kAscending)) return {text.substr(0, text.size() - kAscending.size()), false};
  return {text, false};
}

}  // namespace upcycle
