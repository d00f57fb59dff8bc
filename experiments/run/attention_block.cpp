#include "experiments/run/attention_block.h"

namespace upcycle {

AttentionBlock::AttentionBlock(const Architecture& architecture, int64_t layer,
                               ModelParameters& parameters)
    : norm_(architecture, {PartKind::kAttentionNorm, layer}, {PartKind::kAttentionNormBias, layer},
            parameters) {
  const AttentionShape shape = architecture.Attention(1, 1);
  const int64_t width = architecture.model.width;
  parameters.Declare(
      &qkv_, {shape.fused_width(), width},
      {{PartKind::kQuery, layer}, {PartKind::kKey, layer}, {PartKind::kValue, layer}});
  parameters.Declare(&output_, {width, shape.query_width()}, {{PartKind::kOutput, layer}});
}

void AttentionBlock::Plan(BufferPlan& plan, const Architecture& architecture,
                          const ModelBuild& build) {
  const AttentionShape shape = architecture.Attention(build.limits.sequences, build.limits.length);
  const auto keep = [&](Tensor* tensor, Recompute level, Shape extents, DataType type) {
    if (build.Keeps(level)) plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  const int64_t tokens = shape.tokens();
  const DataType type = build.activation_type;
  norm_.Plan(plan, build);
  keep(&normed_, Recompute::kCheap, {tokens, architecture.model.width}, type);
  keep(&fused_, Recompute::kLayers, {tokens, shape.fused_width()}, type);
  keep(&attended_, Recompute::kLayers, {tokens, shape.query_width()}, type);
  keep(&log_sum_exp_, Recompute::kLayers, {tokens * shape.heads}, DataType::kFloat32);
}

AttentionBlock::Saved AttentionBlock::SavedFor(const AttentionShape& shape,
                                               const Workspace& workspace) const {
  const SharedActivations& shared = workspace.shared;
  const int64_t n = shape.tokens();
  return {CutOwn(normed_, shared.normed, {n, output_.value.dim(0)}),
          CutOwn(fused_, shared.fused, {n, shape.fused_width()}),
          CutOwn(attended_, shared.attended, {n, shape.query_width()}),
          CutOwn(log_sum_exp_, shared.log_sum_exp, {shape.sequences, shape.heads, shape.length})};
}

void AttentionBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const RopeTables& rope,
                             const AttentionShape& shape, const Workspace& workspace) {
  const Saved saved = SavedFor(shape, workspace);
  norm_.Forward(backend, saved.normed, x);
  backend.MatMul(saved.fused, saved.normed, Transpose::kNo, qkv_.value, Transpose::kYes);
  backend.RopeForward(saved.fused, rope.cosines, rope.sines, shape);
  backend.AttentionForward(saved.attended, saved.log_sum_exp, saved.fused, shape);
  backend.Copy(out, x);
  backend.MatMul(out, saved.attended, Transpose::kNo, output_.value, Transpose::kYes,
                 Accumulate::kYes);
}

void AttentionBlock::Backward(Backend& backend, Tensor d_x, ConstTensor x, const RopeTables& rope,
                              const AttentionShape& shape, const Workspace& workspace) {
  const Saved saved = SavedFor(shape, workspace);
  const int64_t n = shape.tokens();
  const Tensor d_attended = workspace.d_attended.Slice(0, n);
  const Tensor d_fused = workspace.d_qkv.Slice(0, n);
  const Tensor d_normed = workspace.d_normed.Slice(0, n);

  if (normed_.empty()) norm_.Forward(backend, saved.normed, x);
  backend.MatMul(output_.gradient, d_x, Transpose::kYes, saved.attended, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_attended, d_x, Transpose::kNo, output_.value, Transpose::kNo);
  backend.AttentionBackward(d_fused, d_attended, saved.attended, saved.log_sum_exp, saved.fused,
                            shape);
  backend.RopeBackward(d_fused, rope.cosines, rope.sines, shape);
  backend.MatMul(qkv_.gradient, d_fused, Transpose::kYes, saved.normed, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_normed, d_fused, Transpose::kNo, qkv_.value, Transpose::kNo);
  norm_.Backward(backend, d_x, d_normed, x);
}

}  // namespace upcycle
