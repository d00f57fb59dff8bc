#include "experiments/model/workspace.h"

#include <algorithm>

#include "experiments/model/expert_layout.h"

namespace upcycle {
namespace {

// One buffer serves dense and expert layers: the larger of n·F and R·F/G elements.
int64_t HiddenElements(const Architecture& architecture, const ModelBuild& build) {
  return std::max(build.limits.tokens() * architecture.model.ffn_width,
                  MostExpertRows(architecture, build) * architecture.ExpertWidth());
}

}  // namespace

void Workspace::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  const auto add = [&](Tensor* tensor, Shape extents, DataType type) {
    plan.Add(tensor, MemoryCategory::kWorkspace, type, extents);
  };
  const DataType type = build.activation_type, full = DataType::kFloat32;
  const int64_t tokens = build.limits.tokens(), width = architecture.model.width;
  const int64_t most_rows = MostExpertRows(architecture, build);
  PlanShared(plan, architecture, build);
  if (architecture.has_experts) {
    add(&rows, {most_rows, width}, type);
    PlanRouters(plan, architecture, build);
  }
  if (!build.trains()) return;

  const AttentionShape attention = architecture.Attention(1, tokens);
  const int64_t hidden = HiddenElements(architecture, build);
  if (architecture.traits().residual == Residual::kParallel) add(&d_out, {tokens, width}, type);
  add(&d_normed, {tokens, width}, type);
  add(&d_attended, {tokens, attention.query_width()}, type);
  add(&d_qkv, {tokens, attention.fused_width()}, type);
  add(&d_hidden, {hidden}, type);
  add(&d_inner, {ActivationInputs(architecture.activation(), hidden)}, type);
  if (!architecture.has_experts) return;
  add(&d_row_weight, {most_rows}, full);
  add(&d_weight, {tokens, architecture.moe.Assignments()}, full);
  add(&d_logits, {tokens, architecture.moe.Experts()}, full);
}

void Workspace::PlanRouters(BufferPlan& plan, const Architecture& architecture,
                            const ModelBuild& build) {
  const RouterSettings& router = architecture.moe.router;
  const int64_t tokens = build.limits.tokens(), experts = architecture.moe.Experts();
  const int64_t width = architecture.model.width;
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan.Add(tensor, MemoryCategory::kWorkspace, type, extents);
  };
  const bool rounds = build.activation_type != DataType::kFloat32;
  const bool jitters = build.trains() && router.jitter > 0;
  add(&logits, {tokens, experts});
  if (build.trains() && router.choice == RouterChoice::kSinkhorn) {
    add(&ranks, {tokens, experts});
    add(&columns, {experts});
  }
  if (rounds || jitters) add(&exact, {tokens, width});
  if (!build.trains()) return;
  if (rounds || jitters) add(&d_exact, {tokens, width});
  if (rounds) add(&d_rounded, {tokens, width}, build.activation_type);
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
  const int64_t hidden = HiddenElements(architecture, build);
  add(&shared.normed, Recompute::kCheap, tokens * width, type);
  add(&shared.hidden, Recompute::kCheap, hidden, type);
  if (architecture.has_experts) {
    add(&shared.rows, Recompute::kCheap, MostExpertRows(architecture, build) * width, type);
  }
  add(&shared.inner, Recompute::kMlp, ActivationInputs(architecture.activation(), hidden), type);
  if (architecture.traits().query_key_norm != QueryKeyNorm::kNone) {
    add(&shared.projected, Recompute::kLayers, tokens * attention.fused_width(), type);
  }
  add(&shared.fused, Recompute::kLayers, tokens * attention.fused_width(), type);
  add(&shared.attended, Recompute::kLayers, tokens * attention.query_width(), type);
  add(&shared.log_sum_exp, Recompute::kLayers, tokens * attention.heads, DataType::kFloat32);
  add(&shared.mid, Recompute::kLayers, tokens * width, type);
}

}  // namespace upcycle
