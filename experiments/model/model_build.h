// How a model is held in a backend's memory: what it is for, for what batches, and what a backward
// pass finds there or computes again. Nothing here is part of what the model is.
#pragma once

#include <cstdint>

#include "core/recipe/execution_settings.h"
#include "core/recipe/train_settings.h"
#include "core/tensor.h"

namespace upcycle {

// The largest micro-batch that a model is built for.
struct BatchLimits {
  int64_t sequences = 1;
  int64_t length = 1;
  int64_t micro_batches = 1;  // in a batch, for load balance over all of it
  int64_t tokens() const { return sequences * length; }
};

// Sequences of `length` tokens that an evaluation computes at once: enough rows for fast products,
// little memory.
constexpr int64_t EvaluateSequences(int64_t length) {
  constexpr int64_t kTokens = 4096;
  return length < kTokens ? kTokens / length : 1;
}

enum class Purpose { kEvaluate, kTrain };

struct ModelBuild {
  BatchLimits limits = {};
  Purpose purpose = Purpose::kTrain;
  Recompute recompute = Recompute::kNothing;
  ExpertPathChoice expert_path = ExpertPathChoice::kAuto;
  MomentType moments = MomentType::kFloat32;
  bool moments_on_host = false;
  bool masks_documents = false;  // batches may say where documents begin
  // Of the backend that the model is built on.
  DataType activation_type = DataType::kFloat32;
  bool on_gpu = false;

  bool trains() const { return purpose == Purpose::kTrain; }
  // Rows of logits held at a time, so that those of a whole batch never exist: on a CPU a chunk
  // that stays in its cache for a vocabulary of some thousands, on a GPU one that fills it.
  int64_t HeadRows() const { return on_gpu ? 2048 : 256; }
  // Whether each layer has its own buffers for what is computed again from `level` on. A model that
  // only evaluates needs those of one layer.
  bool Keeps(Recompute level) const { return trains() && recompute < level; }
};

}  // namespace upcycle
