// Products over experts by one kernel for all of them (ExpertPath::kGrouped).
#pragma once

#include <cuda_runtime.h>

#include "kernels/backend.h"

namespace upcycle {

// out rows = rows · op(weights[e]), where op transposes if `flip`.
void MultiplyRowsGrouped(Tensor out, ConstTensor rows, ConstTensor weights, bool flip,
                         const Dispatch& dispatch, cudaStream_t stream);
// d_weights[e] += d_outᵀ · rows.
void MultiplyWeightsGrouped(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                            const Dispatch& dispatch, cudaStream_t stream);

}  // namespace upcycle
