#include "experiments/run/workspace.h"

#include <algorithm>

namespace upcycle {

void Workspace::Plan(BufferPlan& plan, const Architecture& architecture, int64_t tokens,
                     Purpose purpose) {
  const auto add = [&](Tensor* tensor, Shape extents) {
    plan.Add(tensor, MemoryCategory::kWorkspace, DataType::kFloat32, extents);
  };
  const ModelSettings& model = architecture.model;
  const int64_t top_k = architecture.has_experts ? architecture.moe.top_k : 0;
  if (top_k > 0) add(&rows, {tokens * top_k, model.width});
  if (purpose == Purpose::kEvaluate) return;

  const AttentionShape attention = architecture.Attention(1, tokens);
  add(&d_normed, {tokens, model.width});
  add(&d_attended, {tokens, attention.query_width()});
  add(&d_qkv, {tokens, attention.fused_width()});

  // One buffer serves dense and expert layers: the larger of n·F and n·T·F/G elements.
  const int64_t hidden =
      tokens * std::max(model.ffn_width, top_k > 0 ? top_k * architecture.ExpertWidth() : 0);
  add(&d_hidden, {hidden});
  add(&d_inner, {ActivationInputs(architecture.activation(), hidden)});
  if (top_k == 0) return;
  add(&d_row_weight, {tokens * top_k});
  add(&d_weight, {tokens, top_k});
  add(&d_logits, {tokens, architecture.moe.Experts()});
}

}  // namespace upcycle
