// What a study will take, before it starts: arithmetic, memory, disk and time.
#pragma once

#include <cstdint>

#include "experiments/run/stage.h"
#include "experiments/study/study.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

struct StagePrediction {
  double flops = 0;    // of training, as core/recipe/cost.h counts; evaluation: forward passes
  int64_t tokens = 0;  // trained on
  int64_t memory_bytes = 0;  // of the process's planned buffers, all of them
  MemoryBytes memory = {};   // the same of a training, by category
  int64_t disk_bytes = 0;    // kept when it is complete
  double core_seconds = 0;   // 0 where `flops_per_core_second` was 0
};

// `flops_per_core_second` is the machine's sgemm rate on one core; the share of it that a training
// step of this width reaches is that of `upcycle bench` on the reference machine, so the time is
// right to within a factor of about 1.5 elsewhere.
StagePrediction PredictStage(const Stage& stage, double flops_per_core_second);

// Bytes of a stage on the device that it asks for: planned buffers, and what a GPU's backend takes
// for them. What a stage
// computes on is counted as a GPU where it asks for one, whether there is one here or not.
int64_t DeviceBytesOf(const Study& study, const Stage& stage);

// Planned bytes of a stage in the host's memory, beside the program itself.
int64_t HostBytesOf(const Study& study, const Stage& stage, bool on_gpu);

// Training FLOPs of a stage; 0 for one that does not train.
double TrainFlopsOf(const Stage& stage);

}  // namespace upcycle
