// The RMSNorms on queries and keys that some families have (QueryKeyNorm).
#pragma once

#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

class QueryNorms {
 public:
  // Declares nothing for a family without them.
  QueryNorms(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  // Keeps statistics of the rows of a micro-batch.
  void Plan(BufferPlan& plan, const ModelBuild& build);

  // fused [n, (H + 2K)·W] = `projected` with queries and keys normalised.
  void Forward(Backend& backend, Tensor fused, ConstTensor projected);
  // d_fused holds the gradient of `fused` and becomes that of `projected`.
  void Backward(Backend& backend, Tensor d_fused, ConstTensor projected);

 private:
  // Groups of columns with one weight; `begin` is the first one's column in fused rows.
  struct Side {
    int64_t begin = 0;
    int64_t groups = 0;
    Weight weight;
    Tensor rstd;  // [n, groups]
  };

  QueryKeyNorm kind_;
  double epsilon_;
  Side queries_, keys_;
};

}  // namespace upcycle
