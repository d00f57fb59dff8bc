// CUDA's bfloat16, on the host.
#pragma once

#include "core/bfloat16.h"

struct __nv_bfloat16 {
  uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 x) {
  return upcycle::FloatOf(upcycle::BFloat16{x.bits});
}

inline __nv_bfloat16 __float2bfloat16_rn(float x) { return {upcycle::RoundToBFloat16(x).bits}; }
