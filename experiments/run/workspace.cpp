#include "experiments/run/workspace.h"

#include <algorithm>

namespace upcycle {
namespace {

int64_t TopK(const Architecture& architecture) {
  return architecture.has_experts ? architecture.moe.top_k : 0;
}

// One buffer serves dense and expert layers: the larger of n·F and n·T·F/G elements.
int64_t HiddenElements(const Architecture& architecture, int64_t tokens) {
  const int64_t of_experts = TopK(architecture) * architecture.ExpertWidth();
  return tokens * std::max(architecture.model.ffn_width, of_experts);
}

}  // namespace

void Workspace::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  const auto add = [&](Tensor* tensor, Shape extents, DataType type) {
    plan.Add(tensor, MemoryCategory::kWorkspace, type, extents);
  };
  const DataType type = build.activation_type, exact = DataType::kFloat32;
  const int64_t tokens = build.limits.tokens(), width = architecture.model.width;
  const int64_t top_k = TopK(architecture);
  PlanShared(plan, architecture, build);
  if (top_k > 0) {
    add(&rows, {tokens * top_k, width}, type);
    add(&logits, {tokens, architecture.moe.Experts()}, exact);
  }
  if (!build.trains()) return;

  const AttentionShape attention = architecture.Attention(1, tokens);
  const int64_t hidden = HiddenElements(architecture, tokens);
  add(&d_normed, {tokens, width}, type);
  add(&d_attended, {tokens, attention.query_width()}, type);
  add(&d_qkv, {tokens, attention.fused_width()}, type);
  add(&d_hidden, {hidden}, type);
  add(&d_inner, {ActivationInputs(architecture.activation(), hidden)}, type);
  if (top_k == 0) return;
  add(&d_row_weight, {tokens * top_k}, exact);
  add(&d_weight, {tokens, top_k}, exact);
  add(&d_logits, {tokens, architecture.moe.Experts()}, type);
}

void Workspace::PlanShared(BufferPlan& plan, const Architecture& architecture,
                           const ModelBuild& build) {
  const auto add = [&](Tensor* tensor, Recompute level, int64_t elements, DataType type) {
    if (build.Keeps(level)) return;
    plan.Add(tensor, MemoryCategory::kWorkspace, type, {elements});
  };
  const DataType type = build.activation_type;
  const int64_t tokens = build.limits.tokens(), width = architecture.model.width;
  const AttentionShape attention = architecture.Attention(1, tokens);
  const int64_t hidden = HiddenElements(architecture, tokens);
  add(&shared.normed, Recompute::kCheap, tokens * width, type);
  add(&shared.hidden, Recompute::kCheap, hidden, type);
  if (architecture.has_experts) {
    add(&shared.rows, Recompute::kCheap, tokens * TopK(architecture) * width, type);
  }
  add(&shared.inner, Recompute::kMlp, ActivationInputs(architecture.activation(), hidden), type);
  add(&shared.fused, Recompute::kLayers, tokens * attention.fused_width(), type);
  add(&shared.attended, Recompute::kLayers, tokens * attention.query_width(), type);
  add(&shared.log_sum_exp, Recompute::kLayers, tokens * attention.heads, DataType::kFloat32);
  add(&shared.mid, Recompute::kLayers, tokens * width, type);
}

}  // namespace upcycle
