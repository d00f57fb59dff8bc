#include "experiments/model/transformer.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/random.h"

namespace upcycle {
namespace {

std::string MemoryText(const MemoryBytes& bytes) {
  std::string text;
  for (int i = 0; i < kMemoryCategories; ++i) {
    const double mebibytes = static_cast<double>(bytes[static_cast<size_t>(i)]) / (1 << 20);
    text += fmt::format("{}{} {:.0f} MiB", i == 0 ? "" : ", ",
                        NameOf(static_cast<MemoryCategory>(i)), mebibytes);
  }
  return text;
}

ModelBuild On(const Backend& backend, ModelBuild build) {
  build.activation_type = backend.ActivationType();
  build.on_gpu = backend.OnGpu();
  return build;
}

}  // namespace

Transformer::Layer::Layer(const Architecture& architecture, int64_t index,
                          ModelParameters& parameters)
    : attention(architecture, index, parameters) {
  if (architecture.LayerHasExperts(index)) {
    UPCYCLE_CHECK(architecture.traits().residual == Residual::kBefore);
    UPCYCLE_CHECK(!architecture.traits().mlp_bias);
    moe.emplace(architecture, index, parameters);
  } else {
    dense.emplace(architecture, index, parameters);
  }
}

Transformer::Transformer(const Architecture& architecture, const ModelBuild& build)
    : architecture_(architecture),
      build_(build),
      parameters_(architecture_),
      embedding_(architecture_, parameters_),
      final_norm_(architecture_, {PartKind::kFinalNorm}, {PartKind::kFinalNormBias}, parameters_) {
  if (!architecture_.model.tied_embeddings) {
    const Part head = {PartKind::kHead};
    parameters_.Declare(&head_, PartShape(head, architecture_), {head});
  }
  for (int64_t i = 0; i < architecture_.model.layers; ++i) {
    layers_.push_back(std::make_unique<Layer>(architecture_, i, parameters_));
    if (layers_.back()->moe) expert_layers_.push_back(i);
  }
  PlanBuffers();
  if (build_.trains()) PlanRecord();
}

Transformer::Transformer(Backend& backend, const Architecture& architecture, ModelBuild build)
    : Transformer(architecture, On(backend, build)) {
  backend_ = &backend;
  try {
    block_ = plan_.Bind(backend);
  } catch (const Error& error) {
    if (!IsWantOfMemory(error.cause())) throw;
    throw Error(error.cause(),
                fmt::format("the model needs {}: {}. train.micro_batch_sequences and "
                            "execution.recompute lower activations and workspace, "
                            "train.optimizer.moments and execution.offload_optimizer the "
                            "optimizer's share",
                            MemoryText(plan_.Bytes()), error.what()));
  }
  parameters_.Bind();
  if (!rope_.cosines.empty()) FillRopeTables(backend, rope_, architecture_.model);
}

MemoryBytes Transformer::PlanMemory(const Architecture& architecture, const ModelBuild& build) {
  return Transformer(architecture, build).plan_.Bytes();
}

std::string Transformer::ExpertPathName() const {
  if (expert_layers_.empty()) return "";
  const ExpertLayout layout =
      LayoutOf(architecture_, build_, architecture_.moe.capacity_factor, build_.limits.tokens());
  return std::string(NameOf(layout.path));
}

void Transformer::PlanBuffers() {
  const int64_t n = build_.limits.tokens();
  const int64_t width = architecture_.model.width;
  const auto add = [&](Tensor* tensor, Shape extents, DataType type) {
    plan_.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  const DataType type = build_.activation_type, exact = DataType::kFloat32;
  parameters_.Plan(plan_, build_);
  embedding_.Plan(plan_, build_);
  for (auto& layer : layers_) {
    add(&layer->x, {n, width}, type);
    layer->attention.Plan(plan_, architecture_, build_);
    if (build_.Keeps(Recompute::kLayers)) add(&layer->mid, {n, width}, type);
    if (layer->dense) layer->dense->Plan(plan_, architecture_, build_);
    if (layer->moe) layer->moe->Plan(plan_, build_);
  }
  final_norm_.Plan(plan_, build_);
  workspace_.Plan(plan_, architecture_, build_);
  if (!architecture_.traits().learned_positions) {
    const Shape table = {build_.limits.length, architecture_.model.RotaryWidth() / 2};
    for (Tensor* angles : {&rope_.cosines, &rope_.sines}) add(angles, table, exact);
  }
  add(&tokens_, {n}, DataType::kInt32);
  add(&targets_, {n}, DataType::kInt32);
  if (build_.masks_documents) add(&starts_, {n}, DataType::kInt32);
  add(&last_, {n, width}, type);
  add(&normed_, {n, width}, type);
  add(&losses_, {n}, exact);
  add(&logits_, {std::min(n, build_.HeadRows()), architecture_.vocabulary}, type);
  if (build_.trains()) add(&d_x_, {n, width}, type);
}

void Transformer::PlanRecord() {
  const auto layers = static_cast<int64_t>(expert_layers_.size());
  plan_.Add(&step_losses_, MemoryCategory::kWorkspace, DataType::kFloat32, {1 + 2 * layers});
  host_losses_.resize(static_cast<size_t>(step_losses_.size()));
  if (layers == 0) return;
  plan_.Add(&step_loads_, MemoryCategory::kWorkspace, DataType::kInt32,
            {2 * layers, architecture_.moe.Experts()});
  host_loads_.resize(static_cast<size_t>(step_loads_.size()));
  for (Tensor* keys : {&noise_keys_, &jitter_keys_}) {
    plan_.Add(keys, MemoryCategory::kWorkspace, DataType::kInt32, {architecture_.model.layers, 2});
  }
}

RoutingRules Transformer::EvaluationRules(const TokenBatch& batch,
                                          CapacityFactor capacity_factor) const {
  return {.capacity_factor = capacity_factor, .sequences = batch.sequences, .tokens = batch.size()};
}

RoutingRules Transformer::TrainingRules(const TokenBatch& batch, int64_t micro_batch,
                                        int64_t micro_batches) const {
  return {.capacity_factor = architecture_.moe.capacity_factor,
          .sequences = batch.sequences,
          .tokens = batch.size(),
          .micro_batches = micro_batches,
          .micro_batch = micro_batch,
          .noise_keys = noise_keys_,
          .jitter_keys = jitter_keys_};
}

bool Transformer::DrawsNoise() const {
  const RouterSettings& router = architecture_.moe.router;
  return !expert_layers_.empty() && (router.noise || router.jitter > 0);
}

void Transformer::SeedNoise(uint64_t seed, int64_t step) {
  noise_seed_ = seed;
  noise_step_ = step;
}

void Transformer::CopyNoiseKeys(int64_t micro_batch) {
  if (!DrawsNoise()) return;
  const auto step = static_cast<uint64_t>(noise_step_);
  const auto copy = [&](Tensor keys, const char* name) {
    const RandomStream stream(noise_seed_, name, step);
    std::vector<int32_t> host(static_cast<size_t>(keys.size()));
    for (size_t i = 0; i < host.size(); ++i) {
      const uint64_t index = static_cast<uint64_t>(micro_batch) * host.size() + i;
      host[i] = static_cast<int32_t>(static_cast<uint32_t>(stream.Bits(index)));
    }
    backend_->CopyFromHost(keys, ConstTensor(host.data(), keys.shape()));
  };
  copy(noise_keys_, "router/noise");
  copy(jitter_keys_, "router/jitter");
}

Positions Transformer::PositionsOf(const AttentionShape& shape) const {
  Positions positions;
  if (!rope_.cosines.empty()) {
    positions.rope = {rope_.cosines.Slice(0, shape.length), rope_.sines.Slice(0, shape.length)};
  }
  if (has_starts_) positions.starts = starts_.Slice(0, shape.tokens());
  return positions;
}

Tensor Transformer::MidOf(const Layer& layer, int64_t tokens) const {
  return CutOwn(layer.mid, workspace_.shared.mid, {tokens, architecture_.model.width});
}

void Transformer::CopyTokens(const TokenBatch& batch) {
  const int64_t n = batch.size();
  backend_->CopyFromHost(tokens_.Slice(0, n), ConstTensor(batch.tokens, {n}));
  CopyStarts(batch);
  if (batch.targets == nullptr) return;
  backend_->CopyFromHost(targets_.Slice(0, n), ConstTensor(batch.targets, {n}));
}

void Transformer::CopyStarts(const TokenBatch& batch) {
  has_starts_ = batch.starts != nullptr;
  std::span<const int32_t> starts;
  if (has_starts_) {
    UPCYCLE_CHECK(build_.masks_documents);
    starts = {batch.starts, static_cast<size_t>(batch.size())};
    backend_->CopyFromHost(starts_.Slice(0, batch.size()),
                           ConstTensor(batch.starts, {batch.size()}));
  }
  embedding_.CopyPositions(*backend_, batch.length, starts);
}

void Transformer::Forward(const TokenBatch& batch, const RoutingRules& rules) {
  const int64_t n = batch.size();
  UPCYCLE_CHECK(n > 0 && n <= tokens_.dim(0));
  ForwardLayers(batch, PositionsOf(architecture_.Attention(batch.sequences, batch.length)), rules);
}

void Transformer::ForwardLayers(const TokenBatch& batch, const Positions& positions,
                                const RoutingRules& rules) {
  const int64_t n = batch.size();
  const AttentionShape shape = architecture_.Attention(batch.sequences, batch.length);
  const Tensor between = normed_.Slice(0, n);  // not yet needed
  embedding_.Forward(*backend_, layers_.front()->x.Slice(0, n), between, tokens_.Slice(0, n));
  for (size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    const Tensor x = layer.x.Slice(0, n);
    const Tensor mid = MidOf(layer, n);
    const Tensor out = (i + 1 < layers_.size() ? layers_[i + 1]->x : last_).Slice(0, n);
    layer.attention.Forward(*backend_, mid, x, positions, shape, workspace_);
    if (layer.dense) layer.dense->Forward(*backend_, out, mid, SecondInput(x, mid), workspace_);
    if (layer.moe) layer.moe->Forward(*backend_, out, mid, rules, workspace_);
  }
  final_norm_.Forward(*backend_, normed_.Slice(0, n), last_.Slice(0, n));
}

template <typename Body>
void Transformer::ForLogits(int64_t tokens, const Body& body) {
  for (int64_t begin = 0; begin < tokens; begin += build_.HeadRows()) {
    const int64_t rows = std::min(build_.HeadRows(), tokens - begin);
    body(begin, rows, LogitsOfRows(normed_.Slice(begin, rows)));
  }
}

Tensor Transformer::LogitsOfRows(ConstTensor normed) {
  const Tensor logits = logits_.Slice(0, normed.dim(0));
  backend_->MatMul(logits, normed, Transpose::kNo, head().value, Transpose::kYes);
  return logits;
}

void Transformer::Evaluate(const TokenBatch& batch, CapacityFactor capacity_factor, float* losses) {
  const int64_t n = batch.size();
  CopyTokens(batch);
  Forward(batch, EvaluationRules(batch, capacity_factor));
  ForLogits(n, [&](int64_t begin, int64_t rows, Tensor logits) {
    backend_->CrossEntropyForward(losses_.Slice(begin, rows), logits, targets_.Slice(begin, rows));
  });
  backend_->CopyToHost(Tensor(losses, {n}), losses_.Slice(0, n));
}

void Transformer::Logits(const TokenBatch& batch, CapacityFactor capacity_factor, float* logits) {
  const int64_t n = batch.size();
  CopyTokens(batch);
  Forward(batch, EvaluationRules(batch, capacity_factor));
  ForLogits(n, [&](int64_t begin, int64_t, Tensor chunk) {
    backend_->CopyToHost(Tensor(logits + begin * architecture_.vocabulary, chunk.shape()), chunk);
  });
}

void Transformer::KeepAssignments(const RoutingRules& rules) {
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    ExpertBlock(i).router().KeepAssignments(*backend_, rules);
  }
}

void Transformer::RecordRouters(const RoutingRules& rules) {
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    const auto place = static_cast<int64_t>(2 * i);
    MoeBlock& moe = ExpertBlock(i);
    moe.router().Losses(*backend_, step_losses_.Slice(1 + place, 1),
                        step_losses_.Slice(2 + place, 1), rules);
    moe.CountLoad(*backend_, step_loads_.Slice(place, 1), step_loads_.Slice(place + 1, 1));
  }
}

void Transformer::BackpropagateHead(int64_t tokens, Tensor d_normed, double scale) {
  ForLogits(tokens, [&](int64_t begin, int64_t rows, Tensor logits) {
    const Tensor normed = normed_.Slice(begin, rows);
    backend_->CrossEntropyBackward(losses_.Slice(begin, rows), logits, targets_.Slice(begin, rows),
                                   scale);
    backend_->MatMul(head().gradient, logits, Transpose::kYes, normed, Transpose::kNo,
                     Accumulate::kYes);
    backend_->MatMul(d_normed.Slice(begin, rows), logits, Transpose::kNo, head().value,
                     Transpose::kNo);
  });
  backend_->Sum(step_losses_.Slice(0, 1), losses_.Slice(0, tokens));
}

void Transformer::BackpropagateLayer(size_t index, Tensor d_x, const AttentionShape& shape,
                                     const RoutingRules& rules) {
  Layer& layer = *layers_[index];
  const int64_t n = shape.tokens();
  const Positions positions = PositionsOf(shape);
  const Tensor x = layer.x.Slice(0, n), mid = MidOf(layer, n);
  if (layer.mid.empty()) layer.attention.Forward(*backend_, mid, x, positions, shape, workspace_);
  // Halves beside each other both read the gradient of what leaves the layer, and add to d_x.
  ConstTensor d_out = d_x;
  if (architecture_.traits().residual == Residual::kParallel) {
    backend_->Copy(workspace_.d_out.Slice(0, n), d_x);
    d_out = workspace_.d_out.Slice(0, n);
  }
  if (layer.dense) {
    layer.dense->Backward(*backend_, d_x, d_out, SecondInput(x, mid), workspace_);
  }
  if (layer.moe) layer.moe->Backward(*backend_, d_x, mid, rules, workspace_);
  layer.attention.Backward(*backend_, d_x, d_out, x, positions, shape, workspace_);
}

void Transformer::BackpropagateLayers(const TokenBatch& batch, const RoutingRules& rules) {
  const int64_t n = batch.size();
  const AttentionShape shape = architecture_.Attention(batch.sequences, batch.length);
  const Tensor d_x = d_x_.Slice(0, n), d_normed = workspace_.d_normed.Slice(0, n);
  backend_->Zero(d_x);
  final_norm_.Backward(*backend_, d_x, d_normed, last_.Slice(0, n));
  for (size_t i = layers_.size(); i-- > 0;) BackpropagateLayer(i, d_x, shape, rules);
  embedding_.Backward(*backend_, d_x, tokens_.Slice(0, n));
}

Transformer::StepLosses Transformer::ReadLosses() {
  backend_->CopyToHost(Tensor(host_losses_.data(), step_losses_.shape()), step_losses_);
  StepLosses losses;
  losses.token = host_losses_[0];
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    losses.balance += host_losses_[1 + 2 * i];
    losses.z += host_losses_[2 + 2 * i];
  }
  return losses;
}

void Transformer::ComputeGradients(const TokenBatch& batch, const RoutingRules& rules) {
  const int64_t n = batch.size();
  Forward(batch, rules);
  // A batch of one micro-batch has its assignments here already; of several, from CountAssignments.
  if (rules.micro_batches == 1) KeepAssignments(rules);
  RecordRouters(rules);
  BackpropagateHead(n, workspace_.d_normed.Slice(0, n),
                    1.0 / static_cast<double>(n * rules.micro_batches));
  BackpropagateLayers(batch, rules);
}

Transformer::StepLosses Transformer::Backpropagate(const TokenBatch& batch, int64_t micro_batch,
                                                   int64_t micro_batches) {
  const RoutingRules rules = TrainingRules(batch, micro_batch, micro_batches);
  CopyTokens(batch);
  CopyNoiseKeys(micro_batch);
  // Recordings are of one shape of batch.
  const std::array<int64_t, 4> shape = {batch.sequences, batch.length, micro_batches, has_starts_};
  if (shape != recorded_shape_) {
    recordings_.clear();
    recordings_.resize(static_cast<size_t>(micro_batches));
    recorded_shape_ = shape;
  }
  struct {
    const TokenBatch& batch;
    const RoutingRules& rules;
  } const work = {batch, rules};
  backend_->Repeat(recordings_[static_cast<size_t>(micro_batch)],
                   [this, &work] { ComputeGradients(work.batch, work.rules); });
  return ReadLosses();
}

bool Transformer::NeedsAssignmentPass(int64_t micro_batches) const {
  return !expert_layers_.empty() && micro_batches > 1 && !architecture_.moe.ExpertsChoose() &&
         architecture_.moe.router.load_balance > 0 &&
         architecture_.moe.router.balance_scope == BalanceScope::kGlobal;
}

void Transformer::CountAssignments(const TokenBatch& batch, int64_t micro_batch,
                                   int64_t micro_batches) {
  const RoutingRules rules = TrainingRules(batch, micro_batch, micro_batches);
  CopyTokens(batch);
  CopyNoiseKeys(micro_batch);
  Forward(batch, rules);
  KeepAssignments(rules);
}

}  // namespace upcycle
