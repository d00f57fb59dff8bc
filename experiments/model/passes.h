// What a part of a layer reads and writes in its two passes.
#pragma once

#include "core/tensor.h"
#include "kernels/backend.h"

namespace upcycle {

// out [n, D] (+)= f(in [n, D]).
struct ForwardPass {
  Tensor out;
  Accumulate accumulate;
  ConstTensor in;
};

// d_in [n, D] (+)= the gradient by `in`, where d_out [n, D] is that of `out`.
struct BackwardPass {
  Tensor d_in;
  Accumulate accumulate;
  ConstTensor d_out;
  ConstTensor in;
};

}  // namespace upcycle
