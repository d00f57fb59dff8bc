// The scalars of one AdamW step, as the vector body reads them.
#pragma once

namespace upcycle {

struct AdamWFactors {
  float gradient;  // the clipping
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

}  // namespace upcycle
