#include "experiments/run/norm.h"

namespace upcycle {

Norm::Norm(const Architecture& architecture, Part weight, Part bias, ModelParameters& parameters)
    : centred_(architecture.LayerNormed()), epsilon_(architecture.model.norm_epsilon) {
  parameters.Declare(&weight_, PartShape(weight, architecture), {weight});
  if (centred_) parameters.Declare(&bias_, PartShape(bias, architecture), {bias});
}

void Norm::Plan(BufferPlan& plan, const ModelBuild& build) {
  const int64_t tokens = build.limits.tokens();
  plan.Add(&rstd_, MemoryCategory::kActivations, DataType::kFloat32, {tokens});
  if (centred_) plan.Add(&mean_, MemoryCategory::kActivations, DataType::kFloat32, {tokens});
}

void Norm::Forward(Backend& backend, Tensor out, ConstTensor x) {
  const Tensor rstd = rstd_.Slice(0, x.dim(0));
  if (!centred_) return backend.RmsNormForward(out, rstd, x, weight_.value, epsilon_);
  backend.LayerNormForward(out, mean_.Slice(0, x.dim(0)), rstd, x, weight_.value, bias_.value,
                           epsilon_);
}

void Norm::Backward(Backend& backend, Tensor d_x, ConstTensor d_out, ConstTensor x) {
  const Tensor rstd = rstd_.Slice(0, x.dim(0));
  if (!centred_) {
    return backend.RmsNormBackward(d_x, weight_.gradient, d_out, x, weight_.value, rstd);
  }
  backend.LayerNormBackward(d_x, weight_.gradient, bias_.gradient, d_out, x, weight_.value,
                            mean_.Slice(0, x.dim(0)), rstd);
}

}  // namespace upcycle
