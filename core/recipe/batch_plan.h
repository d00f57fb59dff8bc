// How many sequences each step of a training reads. Without a ramp every step reads
// train.batch_sequences. With one (Megatron-LM's batch-size rampup) the batch begins with
// start_sequences and grows by increment_sequences, at equal distances over the ramp's tokens,
// until it is whole: of n sizes below the whole batch, size i is that of the steps that begin when
// at least i/n and less than (i + 1)/n of the ramp's tokens were read.
#pragma once

#include <cstdint>
#include <vector>

#include "core/recipe/settings.h"

namespace upcycle {

// A pure function of the settings; everything is known of any step without the steps before it.
class BatchPlan {
 public:
  BatchPlan(const TrainSettings& train, const ModelSettings& model);

  // Of step ≥ 0.
  int64_t SequencesOf(int64_t step) const { return StretchOf(step).sequences; }
  // Sequences read by the steps before it.
  int64_t FirstSequenceOf(int64_t step) const;

  // The most steps whose batches `tokens` make whole.
  int64_t StepsIn(int64_t tokens) const;
  // What the first `steps` steps read.
  int64_t TokensOf(int64_t steps) const { return FirstSequenceOf(steps) * length_; }

 private:
  // Steps of one size, the last without end.
  struct Stretch {
    int64_t first_step = 0;
    int64_t first_sequence = 0;
    int64_t sequences = 0;
  };
  const Stretch& StretchOf(int64_t step) const;

  int64_t length_;
  std::vector<Stretch> stretches_;
};

}  // namespace upcycle
