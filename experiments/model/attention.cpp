#include "experiments/model/attention.h"

namespace upcycle {
namespace {

void Turn(Backend& backend, Tensor fused, const Positions& positions, const AttentionShape& shape,
          bool backward) {
  const auto& [cosines, sines] = positions.rope;
  if (cosines.empty()) return;
  if (backward) {
    backend.RopeBackward(fused, cosines, sines, shape, positions.starts);
  } else {
    backend.RopeForward(fused, cosines, sines, shape, positions.starts);
  }
}

}  // namespace

Attention::Attention(const Architecture& architecture, int64_t layer, ModelParameters& parameters)
    : layer_(layer), traits_(architecture.traits()) {
  const AttentionShape shape = architecture.Attention(1, 1);
  const int64_t width = architecture.model.width;
  parameters.Declare(
      &qkv_, {shape.fused_width(), width},
      {{PartKind::kQuery, layer}, {PartKind::kKey, layer}, {PartKind::kValue, layer}});
  parameters.Declare(&output_, {width, shape.query_width()}, {{PartKind::kOutput, layer}});
  if (traits_.query_bias) {
    parameters.Declare(&qkv_bias_, {shape.fused_width()},
                       {{PartKind::kQueryBias, layer},
                        {PartKind::kKeyBias, layer},
                        {PartKind::kValueBias, layer}});
  }
  if (traits_.output_bias) {
    parameters.Declare(&output_bias_, {width}, {{PartKind::kOutputBias, layer}});
  }
  if (traits_.query_key_norm != QueryKeyNorm::kNone) {
    norms_.emplace(architecture, layer, parameters);
  }
}

void Attention::Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build) {
  const AttentionShape shape = architecture.Attention(build.limits.sequences, build.limits.length);
  const int64_t tokens = shape.tokens();
  const auto keep = [&](Tensor* tensor, Shape extents, DataType type) {
    if (!build.Keeps(Recompute::kLayers)) return;
    plan.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  const DataType type = build.activation_type;
  if (norms_) {
    norms_->Plan(plan, build);
    keep(&projected_, {tokens, shape.fused_width()}, type);
  }
  keep(&fused_, {tokens, shape.fused_width()}, type);
  keep(&attended_, {tokens, shape.query_width()}, type);
  keep(&log_sum_exp_, {tokens * shape.heads}, DataType::kFloat32);
}

Attention::Saved Attention::SavedFor(const AttentionShape& shape,
                                     const Workspace& workspace) const {
  const SharedActivations& shared = workspace.shared;
  const int64_t n = shape.tokens();
  const Shape fused_shape = {n, shape.fused_width()};
  const Tensor fused = CutOwn(fused_, shared.fused, fused_shape);
  return {norms_ ? CutOwn(projected_, shared.projected, fused_shape) : fused, fused,
          CutOwn(attended_, shared.attended, {n, shape.query_width()}),
          CutOwn(log_sum_exp_, shared.log_sum_exp, {shape.sequences, shape.heads, shape.length})};
}

void Attention::Forward(Backend& backend, const ForwardPass& pass, const Positions& positions,
                        const AttentionShape& shape, const Workspace& workspace) {
  const Saved saved = SavedFor(shape, workspace);
  backend.MatMul(saved.projected, pass.in, Transpose::kNo, qkv_.value, Transpose::kYes);
  if (traits_.query_bias) backend.AddBias(saved.projected, qkv_bias_.value);
  if (norms_) norms_->Forward(backend, saved.fused, saved.projected);
  Turn(backend, saved.fused, positions, shape, /*backward=*/false);
  Attend(backend, saved, positions, shape);
  Output(backend, pass.out, pass.accumulate, shape, workspace);
}

void Attention::Attend(Backend& backend, const Saved& saved, const Positions& positions,
                       const AttentionShape& shape) const {
  const CachedBatch* cached = positions.cached;
  if (cached == nullptr) {
    return backend.AttentionForward(saved.attended, saved.log_sum_exp, saved.fused, shape,
                                    positions.starts);
  }
  const Tensor cache = cached->layers[static_cast<size_t>(layer_)];
  backend.StoreKeyValues(cache, saved.fused, cached->places, shape);
  if (cached->has_past) {
    return backend.AttentionCached(saved.attended, saved.fused, cache, cached->places, shape);
  }
  backend.AttentionForward(saved.attended, saved.log_sum_exp, saved.fused, shape);
}

void Attention::Output(Backend& backend, Tensor out, Accumulate accumulate,
                       const AttentionShape& shape, const Workspace& workspace) {
  backend.MatMul(out, SavedFor(shape, workspace).attended, Transpose::kNo, output_.value,
                 Transpose::kYes, accumulate);
  if (traits_.output_bias) backend.AddBias(out, output_bias_.value);
}

void Attention::Backward(Backend& backend, const BackwardPass& pass, const Positions& positions,
                         const AttentionShape& shape, const Workspace& workspace) {
  const Saved saved = SavedFor(shape, workspace);
  const Tensor d_attended = workspace.d_attended.Slice(0, shape.tokens());
  const Tensor d_fused = workspace.d_qkv.Slice(0, shape.tokens());

  if (traits_.output_bias) backend.BiasBackward(output_bias_.gradient, pass.d_out);
  backend.MatMul(output_.gradient, pass.d_out, Transpose::kYes, saved.attended, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(d_attended, pass.d_out, Transpose::kNo, output_.value, Transpose::kNo);
  backend.AttentionBackward(d_fused, d_attended, saved.attended, saved.log_sum_exp, saved.fused,
                            shape, positions.starts);
  Turn(backend, d_fused, positions, shape, /*backward=*/true);
  if (norms_) norms_->Backward(backend, d_fused, saved.projected);
  if (traits_.query_bias) backend.BiasBackward(qkv_bias_.gradient, d_fused);
  backend.MatMul(qkv_.gradient, d_fused, Transpose::kYes, pass.in, Transpose::kNo,
                 Accumulate::kYes);
  backend.MatMul(pass.d_in, d_fused, Transpose::kNo, qkv_.value, Transpose::kNo, pass.accumulate);
}

}  // namespace upcycle
