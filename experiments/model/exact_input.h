// Activations in float32, whatever type the backend has: what routers and gates read, and the way
// of their gradients back. bfloat16 has 8 bits, and a choice among experts hangs on smaller
// differences.
#pragma once

#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

// x [n, D] itself where it is float32, else a copy in workspace.exact.
inline ConstTensor InFloat32(Backend& backend, ConstTensor x, const Workspace& workspace) {
  if (x.type() == DataType::kFloat32) return x;
  const Tensor exact = workspace.exact.Slice(0, x.dim(0));
  backend.Convert(exact, x);
  return exact;
}

// d_x [n, D] += d_out [n, E] · weights [E, D], all but d_x in float32.
inline void AddInputGradient(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor weights,
                             const Workspace& workspace) {
  if (d_x.type() == DataType::kFloat32) {
    return backend.MatMul(d_x, d_out, Transpose::kNo, weights, Transpose::kNo, Accumulate::kYes);
  }
  const Tensor exact = workspace.d_exact.Slice(0, d_x.dim(0));
  const Tensor rounded = workspace.d_rounded.Slice(0, d_x.dim(0));
  backend.MatMul(exact, d_out, Transpose::kNo, weights, Transpose::kNo);
  backend.Convert(rounded, exact);
  backend.Add(d_x, rounded);
}

}  // namespace upcycle
