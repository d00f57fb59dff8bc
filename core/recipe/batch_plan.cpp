#include "core/recipe/batch_plan.h"

#include <algorithm>

#include "core/check.h"

namespace upcycle {

BatchPlan::BatchPlan(const TrainSettings& train, const ModelSettings& model)
    : length_(model.sequence_length) {
  const BatchRampSettings& ramp = train.batch_ramp;
  // The relations between settings (relations.h) leave no remainder.
  const int64_t sizes =
      ramp.IsOn() && ramp.increment_sequences > 0
          ? (train.batch_sequences - ramp.start_sequences) / ramp.increment_sequences
          : 0;
  int64_t step = 0, sequence = 0;
  for (int64_t i = 0; i < sizes; ++i) {
    const int64_t sequences = ramp.start_sequences + i * ramp.increment_sequences;
    // A step belongs to the next size if it begins at or behind this; in two parts, since tokens
    // times sizes may be larger than a whole number can be.
    const int64_t end = ramp.tokens / sizes * (i + 1) + ramp.tokens % sizes * (i + 1) / sizes;
    const int64_t end_sequence = (end + length_ - 1) / length_;
    if (sequence >= end_sequence) continue;
    stretches_.push_back({step, sequence, sequences});
    const int64_t steps = (end_sequence - sequence + sequences - 1) / sequences;
    step += steps;
    sequence += steps * sequences;
  }
  stretches_.push_back({step, sequence, train.batch_sequences});
}

const BatchPlan::Stretch& BatchPlan::StretchOf(int64_t step) const {
  const auto next =
      std::upper_bound(stretches_.begin(), stretches_.end(), step,
                       [](int64_t s, const Stretch& stretch) { return s < stretch.first_step; });
  UPCYCLE_CHECK(next != stretches_.begin());
  return *(next - 1);
}

int64_t BatchPlan::FirstSequenceOf(int64_t step) const {
  const Stretch& stretch = StretchOf(step);
  return stretch.first_sequence + (step - stretch.first_step) * stretch.sequences;
}

int64_t BatchPlan::StepsIn(int64_t tokens) const {
  const int64_t sequences = tokens / length_;
  const auto next = std::upper_bound(
      stretches_.begin(), stretches_.end(), sequences,
      [](int64_t s, const Stretch& stretch) { return s < stretch.first_sequence; });
  const Stretch& stretch = *(next - 1);
  return stretch.first_step + (sequences - stretch.first_sequence) / stretch.sequences;
}

}  // namespace upcycle
