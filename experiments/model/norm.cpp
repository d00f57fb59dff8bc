#include "experiments/model/norm.h"

namespace upcycle {

Norm::Norm(const Architecture& architecture, Part weight, Part bias, ModelParameters& parameters)
    : kind_(architecture.traits().norm), epsilon_(architecture.model.norm_epsilon) {
  const auto declare = [&](Weight* vector, const Part& part) {
    parameters.Declare(vector, PartShape(part, architecture), {part});
  };
  if (kind_ != NormKind::kPlainLayer) declare(&weight_, weight);
  if (kind_ == NormKind::kLayer) declare(&bias_, bias);
}

void Norm::Plan(BufferPlan& plan, const ModelBuild& build) {
  const auto add = [&](Tensor* statistic) {
    plan.Add(statistic, MemoryCategory::kActivations, DataType::kFloat32, {build.limits.tokens()});
  };
  add(&rstd_);
  if (kind_ != NormKind::kRms) add(&mean_);
}

void Norm::Forward(Backend& backend, Tensor out, ConstTensor x) {
  const Tensor rstd = rstd_.Slice(0, x.dim(0));
  if (kind_ == NormKind::kRms) {
    return backend.RmsNormForward(out, rstd, x, weight_.value, epsilon_);
  }
  backend.LayerNormForward(out, mean_.Slice(0, x.dim(0)), rstd, x, weight_.value, bias_.value,
                           epsilon_);
}

void Norm::Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x) {
  const Tensor rstd = rstd_.Slice(0, x.dim(0));
  if (kind_ == NormKind::kRms) {
    return backend.RmsNormBackward(d_x, weight_.gradient, d_out, x, weight_.value, rstd);
  }
  backend.LayerNormBackward(d_x, weight_.gradient, bias_.gradient, d_out, x, weight_.value,
                            mean_.Slice(0, x.dim(0)), rstd);
}

}  // namespace upcycle
