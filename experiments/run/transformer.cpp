#include "experiments/run/transformer.h"

#include <algorithm>

#include "core/check.h"

namespace upcycle {
namespace {

// Rows of logits held at a time: a chunk stays in cache for a vocabulary of some thousands, and the
// logits of a whole batch never exist.
constexpr int64_t kHeadChunkRows = 256;

}  // namespace

Transformer::Layer::Layer(const Architecture& architecture, int64_t index,
                          ModelParameters& parameters)
    : attention(architecture, index, parameters) {
  if (architecture.LayerHasExperts(index)) {
    moe.emplace(architecture, index, parameters);
  } else {
    dense.emplace(architecture, index, parameters);
  }
}

Transformer::Transformer(const Architecture& architecture, const BatchLimits& limits,
                         Purpose purpose)
    : architecture_(architecture),
      parameters_(architecture_),
      final_norm_(architecture_, {PartKind::kFinalNorm}, {PartKind::kFinalNormBias}, parameters_) {
  const Shape table = PartShape({PartKind::kEmbedding}, architecture_);
  parameters_.Declare(&embedding_, table, {{PartKind::kEmbedding}});
  if (!architecture_.model.tied_embeddings) parameters_.Declare(&head_, table, {{PartKind::kHead}});
  for (int64_t i = 0; i < architecture_.model.layers; ++i) {
    layers_.push_back(std::make_unique<Layer>(architecture_, i, parameters_));
    if (layers_.back()->moe) expert_layers_.push_back(i);
  }
  PlanBuffers(limits, purpose);
}

Transformer::Transformer(Backend& backend, const Architecture& architecture,
                         const BatchLimits& limits, Purpose purpose)
    : Transformer(architecture, limits, purpose) {
  backend_ = &backend;
  block_ = plan_.Bind(backend);
  parameters_.Bind();
  backend.RopeTables(rope_.cosines, rope_.sines, architecture_.model.rope_theta);
}

Transformer::MemoryBytes Transformer::PlanMemory(const Architecture& architecture,
                                                 const BatchLimits& limits, Purpose purpose) {
  const Transformer planned(architecture, limits, purpose);
  MemoryBytes bytes;
  for (int i = 0; i < kMemoryCategories; ++i) {
    bytes[static_cast<size_t>(i)] = planned.plan_.Bytes(static_cast<MemoryCategory>(i));
  }
  return bytes;
}

void Transformer::PlanBuffers(const BatchLimits& limits, Purpose purpose) {
  const int64_t n = limits.tokens();
  const int64_t width = architecture_.model.width;
  const auto add = [&](Tensor* tensor, Shape extents, DataType type = DataType::kFloat32) {
    plan_.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  parameters_.Plan(plan_, purpose);
  for (auto& layer : layers_) {
    add(&layer->x, {n, width});
    layer->attention.Plan(plan_, architecture_, limits.sequences, limits.length);
    add(&layer->mid, {n, width});
    if (layer->dense) layer->dense->Plan(plan_, architecture_, n);
    if (layer->moe) layer->moe->Plan(plan_, limits.sequences, n, limits.micro_batches, purpose);
  }
  final_norm_.Plan(plan_, n);
  workspace_.Plan(plan_, architecture_, n, purpose);
  add(&rope_.cosines, {limits.length, architecture_.model.HeadWidth() / 2});
  add(&rope_.sines, {limits.length, architecture_.model.HeadWidth() / 2});
  add(&tokens_, {n}, DataType::kInt32);
  add(&targets_, {n}, DataType::kInt32);
  add(&last_, {n, width});
  add(&normed_, {n, width});
  add(&losses_, {n});
  add(&total_, {1});
  add(&logits_, {std::min(n, kHeadChunkRows), architecture_.vocabulary});
  if (purpose == Purpose::kTrain) add(&d_x_, {n, width});
}

RoutingRules Transformer::Rules(const TokenBatch& batch, CapacityFactor capacity_factor,
                                int64_t micro_batch, int64_t micro_batches) const {
  return {capacity_factor, batch.sequences, batch.size(), micro_batches, micro_batch};
}

RopeTables Transformer::RopeFor(int64_t length) const {
  return {rope_.cosines.Slice(0, length), rope_.sines.Slice(0, length)};
}

void Transformer::Forward(const TokenBatch& batch, const RoutingRules& rules) {
  const int64_t n = batch.size();
  UPCYCLE_CHECK(n > 0 && n <= tokens_.dim(0));
  const AttentionShape shape = architecture_.Attention(batch.sequences, batch.length);
  const RopeTables rope = RopeFor(batch.length);
  backend_->CopyFromHost(tokens_.Slice(0, n), ConstTensor(batch.tokens, {n}));
  backend_->EmbeddingForward(layers_.front()->x.Slice(0, n), embedding_.value, tokens_.Slice(0, n));
  for (size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    const Tensor x = layer.x.Slice(0, n);
    const Tensor mid = layer.mid.Slice(0, n);
    const Tensor out = (i + 1 < layers_.size() ? layers_[i + 1]->x : last_).Slice(0, n);
    layer.attention.Forward(*backend_, mid, x, rope, shape);
    if (layer.dense) layer.dense->Forward(*backend_, out, mid);
    if (layer.moe) layer.moe->Forward(*backend_, out, mid, rules, workspace_);
  }
  final_norm_.Forward(*backend_, normed_.Slice(0, n), last_.Slice(0, n));
}

void Transformer::Evaluate(const TokenBatch& batch, CapacityFactor capacity_factor, float* losses) {
  const int64_t n = batch.size();
  Forward(batch, Rules(batch, capacity_factor));
  backend_->CopyFromHost(targets_.Slice(0, n), ConstTensor(batch.targets, {n}));
  for (int64_t begin = 0; begin < n; begin += kHeadChunkRows) {
    const int64_t rows = std::min(kHeadChunkRows, n - begin);
    const Tensor logits = logits_.Slice(0, rows);
    backend_->MatMul(logits, normed_.Slice(begin, rows), Transpose::kNo, head().value,
                     Transpose::kYes);
    backend_->CrossEntropyForward(losses_.Slice(begin, rows), logits, targets_.Slice(begin, rows));
  }
  backend_->CopyToHost(Tensor(losses, {n}), losses_.Slice(0, n));
}

void Transformer::Logits(const TokenBatch& batch, CapacityFactor capacity_factor, float* logits) {
  const int64_t n = batch.size();
  Forward(batch, Rules(batch, capacity_factor));
  for (int64_t begin = 0; begin < n; begin += kHeadChunkRows) {
    const int64_t rows = std::min(kHeadChunkRows, n - begin);
    const Tensor chunk = logits_.Slice(0, rows);
    backend_->MatMul(chunk, normed_.Slice(begin, rows), Transpose::kNo, head().value,
                     Transpose::kYes);
    backend_->CopyToHost(Tensor(logits + begin * architecture_.vocabulary, chunk.shape()), chunk);
  }
}

double Transformer::BackpropagateHead(const TokenBatch& batch, Tensor d_normed, double scale) {
  const int64_t n = batch.size();
  backend_->CopyFromHost(targets_.Slice(0, n), ConstTensor(batch.targets, {n}));
  for (int64_t begin = 0; begin < n; begin += kHeadChunkRows) {
    const int64_t rows = std::min(kHeadChunkRows, n - begin);
    const Tensor normed = normed_.Slice(begin, rows);
    const Tensor logits = logits_.Slice(0, rows);
    backend_->MatMul(logits, normed, Transpose::kNo, head().value, Transpose::kYes);
    backend_->CrossEntropyBackward(losses_.Slice(begin, rows), logits, targets_.Slice(begin, rows),
                                   scale);
    backend_->MatMul(head().gradient, logits, Transpose::kYes, normed, Transpose::kNo,
                     Accumulate::kYes);
    backend_->MatMul(d_normed.Slice(begin, rows), logits, Transpose::kNo, head().value,
                     Transpose::kNo);
  }
  float total = 0;
  backend_->Sum(total_, losses_.Slice(0, n));
  backend_->CopyToHost(Tensor(&total, {1}), total_);
  return total;
}

void Transformer::BackpropagateLayers(const TokenBatch& batch, const RoutingRules& rules) {
  const int64_t n = batch.size();
  const AttentionShape shape = architecture_.Attention(batch.sequences, batch.length);
  const RopeTables rope = RopeFor(batch.length);
  const Tensor d_x = d_x_.Slice(0, n);
  for (size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = *layers_[i];
    const Tensor mid = layer.mid.Slice(0, n);
    if (layer.dense) layer.dense->Backward(*backend_, d_x, mid, workspace_);
    if (layer.moe) layer.moe->Backward(*backend_, d_x, mid, rules, workspace_);
    layer.attention.Backward(*backend_, d_x, layer.x.Slice(0, n), rope, shape, workspace_);
  }
  backend_->EmbeddingBackward(embedding_.gradient, d_x, tokens_.Slice(0, n));
}

Transformer::StepLosses Transformer::RouterLosses(const RoutingRules& rules) {
  StepLosses sum;
  for (int64_t i : expert_layers_) {
    MoeBlock& moe = *layers_[static_cast<size_t>(i)]->moe;
    moe.RouterLosses(*backend_, rules);
    const MoeBlock::Losses losses = moe.ReadLosses(*backend_);
    sum.balance += losses.balance;
    sum.z += losses.z;
  }
  return sum;
}

Transformer::StepLosses Transformer::Backpropagate(const TokenBatch& batch, int64_t micro_batch,
                                                   int64_t micro_batches) {
  const int64_t n = batch.size();
  const RoutingRules rules =
      Rules(batch, architecture_.moe.capacity_factor, micro_batch, micro_batches);
  Forward(batch, rules);
  // A batch of one micro-batch has its assignments here already; of several, from CountAssignments.
  if (micro_batches == 1) {
    for (int64_t i : expert_layers_)
      layers_[static_cast<size_t>(i)]->moe->KeepAssignments(*backend_, rules);
  }
  StepLosses losses = RouterLosses(rules);
  const Tensor d_x = d_x_.Slice(0, n);
  const Tensor d_normed = workspace_.d_normed.Slice(0, n);
  losses.token = BackpropagateHead(batch, d_normed, 1.0 / static_cast<double>(n * micro_batches));
  backend_->Zero(d_x);
  final_norm_.Backward(*backend_, d_x, d_normed, last_.Slice(0, n));
  BackpropagateLayers(batch, rules);
  return losses;
}

bool Transformer::NeedsAssignmentPass(int64_t micro_batches) const {
  return !expert_layers_.empty() && micro_batches > 1 &&
         architecture_.moe.router.load_balance > 0 &&
         architecture_.moe.router.balance_scope == BalanceScope::kGlobal;
}

void Transformer::CountAssignments(const TokenBatch& batch, int64_t micro_batch,
                                   int64_t micro_batches) {
  const RoutingRules rules =
      Rules(batch, architecture_.moe.capacity_factor, micro_batch, micro_batches);
  Forward(batch, rules);
  for (int64_t i : expert_layers_)
    layers_[static_cast<size_t>(i)]->moe->KeepAssignments(*backend_, rules);
}

void Transformer::ReadLoads(std::vector<MoeBlock::Load>& loads) {
  loads.resize(expert_layers_.size());
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    MoeBlock& moe = *layers_[static_cast<size_t>(expert_layers_[i])]->moe;
    moe.ReadLoad(*backend_, loads[i]);
  }
}

}  // namespace upcycle
