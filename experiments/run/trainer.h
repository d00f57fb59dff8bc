// One training: a step is a batch forward, backward, the gradient clipped, AdamW. A step allocates
// nothing, and gives the same bits for any number of threads and whether or not the training was
// interrupted before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/recipe/batch_plan.h"
#include "core/recipe/settings.h"
#include "experiments/model/transformer.h"
#include "experiments/run/schedule.h"

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
  // `model` was made for training, with limits of a micro-batch of these settings and as many
  // micro-batches as the whole batch has. `seed` is what random rounding depends on.
  Trainer(Transformer& model, const TrainSettings& settings, const Schedule& schedule,
          int64_t steps, uint64_t seed, FillSamples fill);

  // Steps taken so far; a restored training starts where it left.
  int64_t step() const { return step_; }
  int64_t steps() const { return steps_; }
  void set_step(int64_t step) { step_ = step; }

  // AdamW goes on with moments that so many steps before the first one have collected. Its
  // correction for moments that begin at zero (1 - beta^step) counts those steps too: beginning
  // again at step 1 would make the first step √(1 - beta2) / (1 - beta1) times as long. Weights
  // whose moments do begin at zero, those of routers, take first steps that are as much shorter,
  // until their moments have filled.
  void set_carried_steps(int64_t steps) { carried_steps_ = steps; }

  // From here on attention does not look over this token, which ends documents; the model's build
  // masks them.
  void MaskDocuments(int32_t end_of_text) {
    end_of_text_ = end_of_text;
    starts_.resize(tokens_.size());
  }

  // Takes one step. Throws Error(kDiverged) if the loss or the gradient is not finite; the weights
  // are then those of the step before.
  StepReport Step();

  // The experts' loads of every micro-batch of the last step, one entry a micro-batch.
  std::span<const std::vector<MoeBlock::Load>> loads() const {
    return {loads_.data(), static_cast<size_t>(micro_batches_)};
  }
  // What the last step read.
  int64_t step_tokens() const { return micro_batches_ * static_cast<int64_t>(tokens_.size()); }

 private:
  TokenBatch ReadMicroBatch(int64_t index);
  void Accumulate(StepReport& report);
  void RequireFinite(const StepReport& report) const;
  void Update(double learning_rate);

  Transformer& model_;
  TrainSettings settings_;
  BatchPlan batches_;
  Schedule schedule_;
  int64_t steps_;
  uint64_t seed_;
  FillSamples fill_;
  int64_t step_ = 0;
  int64_t carried_steps_ = 0;
  int64_t micro_batches_ = 0;              // of the last step
  std::vector<int32_t> tokens_, targets_;  // of one micro-batch
  std::optional<int32_t> end_of_text_;     // where documents are masked
  std::vector<int32_t> starts_;
  std::vector<std::vector<MoeBlock::Load>> loads_;
  BufferPlan plan_;
  Tensor norm_;  // [1]
  std::unique_ptr<BufferPlan::Block> block_;
};

}  // namespace upcycle
