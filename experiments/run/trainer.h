// One training: a step is a batch forward, backward, the gradient clipped, AdamW. A step allocates
// nothing, and gives the same bits for any number of threads and whether or not the training was
// interrupted before it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/recipe/settings.h"
#include "experiments/run/schedule.h"
#include "experiments/run/transformer.h"

namespace upcycle {

// Writes the samples [first, first + count) of the data order, [count, L] row-major each: what the
// model reads, and the token behind each position. A pure function of `first` and `count`.
using FillSamples = std::function<void(int64_t first, int64_t count, std::span<int32_t> tokens,
                                       std::span<int32_t> targets)>;

struct StepReport {
  double loss = 0;          // mean over the batch's tokens, in nats
  double balance_loss = 0;  // weighted, summed over layers
  double z_loss = 0;
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
};

class Trainer {
 public:
  // `model` was made for training, with limits of a micro-batch of these settings. `seed` is what
  // random rounding depends on.
  Trainer(Transformer& model, const TrainSettings& settings, const Schedule& schedule,
          int64_t steps, uint64_t seed, FillSamples fill);

  // Steps taken so far; a restored training starts where it left.
  int64_t step() const { return step_; }
  int64_t steps() const { return steps_; }
  void set_step(int64_t step) { step_ = step; }

  // Takes one step. Throws Error(kDiverged) if the loss or the gradient is not finite; the weights
  // are then those of the step before.
  StepReport Step();

  // The experts' loads of every micro-batch of the last step, one entry a micro-batch.
  const std::vector<std::vector<MoeBlock::Load>>& loads() const { return loads_; }

 private:
  TokenBatch ReadMicroBatch(int64_t index);
  void RequireFinite(const StepReport& report) const;
  void Update(double learning_rate);

  Transformer& model_;
  TrainSettings settings_;
  Schedule schedule_;
  int64_t steps_;
  uint64_t seed_;
  FillSamples fill_;
  int64_t step_ = 0;
  int64_t micro_batches_;
  std::vector<int32_t> tokens_, targets_;  // of one micro-batch
  std::vector<std::vector<MoeBlock::Load>> loads_;
  BufferPlan plan_;
  Tensor norm_;  // [1]
  std::unique_ptr<BufferPlan::Block> block_;
};

}  // namespace upcycle
