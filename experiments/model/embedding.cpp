#include "experiments/model/embedding.h"

#include <cmath>
#include <span>

#include "core/check.h"

namespace upcycle {

Embedding::Embedding(const Architecture& architecture, ModelParameters& parameters)
    : scale_(architecture.traits().scaled_embedding
                 ? std::sqrt(static_cast<double>(architecture.model.width))
                 : 1),
      learned_positions_(architecture.traits().learned_positions),
      most_positions_(architecture.model.sequence_length) {
  const auto declare = [&](Weight* table, const Part& part) {
    parameters.Declare(table, PartShape(part, architecture), {part});
  };
  declare(&table_, {PartKind::kEmbedding});
  if (learned_positions_) declare(&position_table_, {PartKind::kPositions});
}

void Embedding::Plan(BufferPlan& plan, const ModelBuild& build) {
  if (!learned_positions_) return;
  UPCYCLE_CHECK(build.limits.length <= most_positions_);
  plan.Add(&positions_, MemoryCategory::kActivations, DataType::kInt32, {build.limits.tokens()});
}

void Embedding::CopyPositions(Backend& backend, int64_t length, std::span<const int32_t> starts) {
  if (!learned_positions_ || (starts.empty() && positions_length_ == length)) return;
  host_positions_.resize(static_cast<size_t>(positions_.size()));
  for (size_t i = 0; i < host_positions_.size(); ++i) {
    const int32_t start = i < starts.size() ? starts[i] : 0;
    host_positions_[i] = static_cast<int32_t>(static_cast<int64_t>(i) % length) - start;
  }
  positions_length_ = starts.empty() ? length : 0;
  backend.CopyFromHost(positions_, ConstTensor(host_positions_.data(), positions_.shape()));
}

void Embedding::Forward(Backend& backend, Tensor out, Tensor between, ConstTensor tokens) {
  backend.EmbeddingForward(out, table_.value, tokens);
  if (scale_ != 1) backend.Scale(out, scale_);
  if (!learned_positions_) return;
  backend.EmbeddingForward(between, position_table_.value, positions_.Slice(0, out.dim(0)));
  backend.Add(out, between);
}

void Embedding::Backward(Backend& backend, Tensor d_out, ConstTensor tokens) {
  if (learned_positions_) {
    backend.EmbeddingBackward(position_table_.gradient, d_out, positions_.Slice(0, d_out.dim(0)));
  }
  if (scale_ != 1) backend.Scale(d_out, scale_);
  backend.EmbeddingBackward(table_.gradient, d_out, tokens);
}

}  // namespace upcycle
