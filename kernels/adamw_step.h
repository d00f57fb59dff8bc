// What the optimizer's op is told, and how its moments are held.
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "kernels/host_device.h"

namespace upcycle {

// One step of AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
struct AdamWStep {
  double learning_rate = 0;
  double beta1 = 0;
  double beta2 = 0;
  double epsilon = 0;
  double weight_decay = 0;
  double clip_norm = 0;  // gradients are scaled by min(1, clip_norm / norm); 0: never
  int64_t step = 0;      // from 1, for the bias correction
  // What the random rounding of bfloat16 moments depends on beside `step`: the run's seed, and
  // where among all weights of the run the first of this call stands, so that calls share no
  // numbers.
  uint64_t seed = 0;
  int64_t first_index = 0;
};

// Elements of 8-bit moments that share a scale, and how many such blocks `size` elements have, the
// last one perhaps short.
inline constexpr int64_t kMomentBlock = 256;
UPCYCLE_HOST_DEVICE constexpr int64_t MomentBlocks(int64_t size) {
  return (size + kMomentBlock - 1) / kMomentBlock;
}

// AdamW's running means of g and g², both of the weights' shape and of one type: float32, bfloat16
// (rounded at random), or uint8 (codes of blocks with a scale each, after Dettmers et al. 2022).
// The last two are laid down in kernels/moment_storage.h. Memory of zeros holds moments of zero.
struct Moments {
  Tensor m;
  Tensor v;
  Tensor m_scales;  // uint8 alone: [MomentBlocks(size)] float32
  Tensor v_scales;
  bool on_host = false;  // all four lie in memory of AllocateOnHost
};

enum class Moment { kFirst, kSecond };  // m, v

}  // namespace upcycle
