// Steps of a run's training as tokens, FLOPs or seconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/batch_plan.h"
#include "results/ledger/ledger_reader.h"
#include "results/plots/plot.h"
#include "results/plots/plot_request.h"

namespace upcycle {

class TrainingAxis {
 public:
  // Throws Error(kInput) where the arm's settings do not say how large its batches are.
  TrainingAxis(const ArmFacts& arm, Against against);

  // For `time`: takes the tokens a second of one run's intervals, by rising step. Without them its
  // steps have no time.
  void SetRates(const std::vector<MetricPoint>& tokens_per_second);

  // NaN where it is not known.
  double At(int64_t step) const;

 private:
  double TokensAt(int64_t step) const;
  double SecondsAt(int64_t step) const;

  struct Time {
    int64_t step = 0;
    double seconds = 0;  // since the first step began
  };

  Against against_;
  std::vector<BatchPlan> plan_;  // one; none where steps are all that is asked for
  double flops_per_token_ = 0;
  std::vector<Time> times_;
};

// The axis's label and unit.
Axis AxisOf(Against against);

// What the arms of the study are equal in.
Against UsualAxis(const StudyFacts& study);

// A place on the axis in words: "step 160", "655.4k tokens".
std::string PlaceText(Against against, double at);

}  // namespace upcycle
