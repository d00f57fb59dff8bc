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

void AttentionBlock::Plan(BufferPlan& plan, const Architecture& architecture, int64_t sequences,
                          int64_t length) {
  const AttentionShape shape = architecture.Attention(sequences, length);
  const auto add = [&](Tensor* tensor, Shape extents) {
    plan.Add(tensor, MemoryCategory::kActivations, DataType::kFloat32, extents);
  };
  norm_.Plan(plan, shape.tokens());
  add(&normed_, {shape.tokens(), architecture.model.width});
  add(&fused_, {shape.tokens(), shape.fused_width()});
  add(&attended_, {shape.tokens(), shape.query_width()});
  add(&log_sum_exp_, {shape.tokens() * shape.heads});
}

AttentionBlock::Saved AttentionBlock::SavedFor(const AttentionShape& shape) const {
  const int64_t n = shape.tokens();
  return {normed_.Slice(0, n), fused_.Slice(0, n), attended_.Slice(0, n),
          log_sum_exp_.Slice(0, n * shape.heads)
              .Reshaped({shape.sequences, shape.heads, shape.length})};
}

void AttentionBlock::Forward(Backend& backend, Tensor out, ConstTensor x, const RopeTables& rope,
                             const AttentionShape& shape) {
  const Saved saved = SavedFor(shape);
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
  const Saved saved = SavedFor(shape);
  const int64_t n = shape.tokens();
  const Tensor d_attended = workspace.d_attended.Slice(0, n);
  const Tensor d_fused = workspace.d_qkv.Slice(0, n);
  const Tensor d_normed = workspace.d_normed.Slice(0, n);

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
