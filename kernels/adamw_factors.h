// What a step of AdamW multiplies by, computed once.
#pragma once

#include "kernels/backend.h"
#include "kernels/host_device.h"

namespace upcycle {

struct AdamWFactors {
  float beta1;
  float one_minus_beta1;
  float beta2;
  float one_minus_beta2;
  float first_correction;   // 1 / (1 - beta1^step)
  float second_correction;  // 1 / (1 - beta2^step)
  float epsilon;
  float weight_decay;
  float learning_rate;
};

AdamWFactors FactorsOf(const AdamWStep& step);

// By what gradients are multiplied so that their norm is at most clip_norm; 0: 1, and `norm` is not
// read. A norm that is not a number gives gradients that are not numbers, which the trainer's guard
// sees.
UPCYCLE_HOST_DEVICE inline float ClipFactor(const float* norm, double clip_norm) {
  if (clip_norm == 0 || *norm <= clip_norm) return 1;
  return static_cast<float>(clip_norm / *norm);
}

}  // namespace upcycle
