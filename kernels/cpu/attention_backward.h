// The tensors of attention's backward pass, as its vector body reads and writes them.
#pragma once

namespace upcycle {

struct AttentionGradients {
  float* d_qkv;
  const float* d_out;
  const float* out;
  const float* log_sum_exp;
  const float* qkv;
};

}  // namespace upcycle
