// What somebody wants to see of a study.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"

namespace upcycle {

enum class PlotKind { kCurves, kForest, kLoad, kScaling, kSchedule };
template <>
struct EnumNames<PlotKind> {
  static constexpr EnumName<PlotKind> values[] = {
      {PlotKind::kCurves, "curves", "a metric along the training"},
      {PlotKind::kForest, "forest", "differences to the baseline, with verdicts"},
      {PlotKind::kLoad, "load", "how many tokens each expert gets, over time"},
      {PlotKind::kScaling, "scaling", "a metric over the compute of training"},
      {PlotKind::kSchedule, "schedule", "learning rates"},
  };
};

// What training is counted in.
enum class Against { kSteps, kTokens, kFlops, kTime };
template <>
struct EnumNames<Against> {
  static constexpr EnumName<Against> values[] = {
      {Against::kSteps, "steps", "steps of the optimizer"},
      {Against::kTokens, "tokens", "tokens trained on"},
      {Against::kFlops, "flops", "FLOPs of training, forward and backward"},
      {Against::kTime, "time", "seconds of training, by the tokens a second that were recorded"},
  };
};

struct PlotRequest {
  PlotKind kind = PlotKind::kCurves;
  std::string metric = {};              // empty: the study's, or what is nearest to it
  std::optional<Against> against = {};  // empty: what the study's arms are equal in, else steps
  std::vector<std::string> arms = {};   // empty: all, or as many as can be told apart
  bool seeds = false;                   // a thin line for each seed
  bool allow_incomplete = false;        // as CompareOptions has it
  bool wide = false;                    // there is room for numbers beside the rows
};

}  // namespace upcycle
