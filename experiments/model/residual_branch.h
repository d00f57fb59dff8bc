// What one half of a layer adds to the residual stream, around the function f that it computes:
// Norm before f or behind it (Residual in families.h).
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/norm.h"
#include "experiments/model/passes.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

class ResidualBranch {
 public:
  // `weight` and `bias` are the norm's parts.
  ResidualBranch(const Architecture& architecture, Part weight, Part bias,
                 ModelParameters& parameters);

  void Plan(BufferPlan& plan, const ModelBuild& build);

  // out [n, D] = residual + f(Norm(x)) or residual + Norm(f(x)), which are n rows of D each and
  // `out` apart from the others. Between Enter and Leave, f makes the pass.
  ForwardPass Enter(Backend& backend, Tensor out, ConstTensor residual, ConstTensor x,
                    const Workspace& workspace);
  void Leave(Backend& backend, Tensor out, ConstTensor residual, const Workspace& workspace);

  // Whether the norm reads what f gives and this is gone: then f leaves it here once more before
  // EnterBackward.
  bool NeedsOutput() const { return behind_ && between_.empty(); }
  Tensor Between(int64_t tokens, const Workspace& workspace) const;

  // What f read in the forward pass.
  ConstTensor Input(Backend& backend, ConstTensor x, const Workspace& workspace);
  // d_x [n, D] += the gradient by x, where d_out is that of `out` and may be d_x itself. f makes
  // the pass in between; `in` is Input's.
  BackwardPass EnterBackward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor in,
                             const Workspace& workspace);
  void LeaveBackward(Backend& backend, Tensor d_x, ConstTensor x, const Workspace& workspace);

 private:
  Norm norm_;
  bool behind_;     // f stands before the norm
  int64_t width_;   // D
  Tensor between_;  // [n, D] between norm and f; empty where the layers share it
};

}  // namespace upcycle
