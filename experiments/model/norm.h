// RMSNorm, LayerNorm or LayerNorm without weights, as the family has it.
#pragma once

#include "experiments/model/parameters.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

class Norm {
 public:
  // `weight` and `bias` are the parts, of which a family has both, the first or neither (NormKind).
  Norm(const Architecture& architecture, Part weight, Part bias, ModelParameters& parameters);

  // Keeps statistics of the rows of a micro-batch.
  void Plan(BufferPlan& plan, const ModelBuild& build);

  void Forward(Backend& backend, Tensor out, ConstTensor x);
  // d_x += the gradient; weights' gradients accumulate. `x` is what Forward read.
  void Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x);

 private:
  NormKind kind_;
  double epsilon_;
  Weight weight_, bias_;
  Tensor mean_, rstd_;  // [n]
};

}  // namespace upcycle
