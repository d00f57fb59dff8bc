// The same products for bfloat16 on tensor cores, for sizes whose rows can be read in packs.
#pragma once

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/cuda/launch.h"

namespace upcycle {

// Whether the tensor cores' kernels can take these: bfloat16, last extents multiples of 8, 16-byte
// addresses.
bool FitsTensorCores(ConstTensor out, ConstTensor rows, ConstTensor weights);

// out rows = rows · op(weights[e]), where op transposes if `flip`.
void MultiplyRowsOnTensorCores(Tensor out, ConstTensor rows, ConstTensor weights, bool flip,
                               const Dispatch& dispatch, cudaStream_t stream);
// d_weights[e] += d_outᵀ · rows.
void MultiplyWeightsOnTensorCores(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                  const Dispatch& dispatch, cudaStream_t stream);

}  // namespace upcycle
