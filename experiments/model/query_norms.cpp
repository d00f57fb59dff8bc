#include "experiments/model/query_norms.h"

namespace upcycle {

QueryNorms::QueryNorms(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : kind_(architecture.traits().query_key_norm), epsilon_(architecture.model.norm_epsilon) {
  if (kind_ == QueryKeyNorm::kNone) return;
  const ModelSettings& model = architecture.model;
  const bool by_head = kind_ == QueryKeyNorm::kHead;
  queries_.groups = by_head ? model.heads : 1;
  keys_.groups = by_head ? model.KvHeads() : 1;
  keys_.begin = model.heads * model.HeadWidth();
  const auto declare = [&](Side& side, PartKind kind) {
    const Part part = {kind, layer};
    parameters.Declare(&side.weight, PartShape(part, architecture), {part});
  };
  declare(queries_, PartKind::kQueryNorm);
  declare(keys_, PartKind::kKeyNorm);
}

void QueryNorms::Plan(BufferPlan& plan, const ModelBuild& build) {
  if (kind_ == QueryKeyNorm::kNone) return;
  for (Side* side : {&queries_, &keys_}) {
    plan.Add(&side->rstd, MemoryCategory::kActivations, DataType::kFloat32,
             {build.limits.tokens(), side->groups});
  }
}

void QueryNorms::Forward(Backend& backend, Tensor fused, ConstTensor projected) {
  backend.Copy(fused, projected);
  for (const Side* side : {&queries_, &keys_}) {
    backend.RmsNormColumnsForward(fused, side->rstd.Slice(0, projected.dim(0)), projected,
                                  side->weight.value, side->begin, epsilon_);
  }
}

void QueryNorms::Backward(Backend& backend, Tensor d_fused, ConstTensor projected) {
  for (const Side* side : {&queries_, &keys_}) {
    backend.RmsNormColumnsBackward(d_fused, side->weight.gradient, projected, side->weight.value,
                                   side->rstd.Slice(0, projected.dim(0)), side->begin);
  }
}

}  // namespace upcycle
