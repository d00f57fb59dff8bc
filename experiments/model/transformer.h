// The decoder-only transformer: embedding, layers of attention and a dense or expert MLP, final
// norm, head. One object holds the weights, the activations of one micro-batch, and for training
// the gradients and moments; all memory is planned at construction, and a step allocates nothing.
// The host waits for the backend only where values are asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "experiments/model/architecture.h"
#include "experiments/model/attention_block.h"
#include "experiments/model/dense_block.h"
#include "experiments/model/embedding.h"
#include "experiments/model/model_build.h"
#include "experiments/model/moe_block.h"
#include "experiments/model/norm.h"
#include "experiments/model/parameters.h"
#include "experiments/model/rope_tables.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// One micro-batch in host memory. Row-major [sequences, length]; a target of -1 is not scored.
struct TokenBatch {
  const int32_t* tokens = nullptr;
  const int32_t* targets = nullptr;
  int64_t sequences = 0;
  int64_t length = 0;
  // Where in its sequence each token's document begins, for a model whose build masks documents:
  // attention does not look over their ends, and positions count from there. Null: each sequence is
  // one document.
  const int32_t* starts = nullptr;

  int64_t size() const { return sequences * length; }
};

class Transformer {
 public:
  // The build's activation type becomes the backend's. Throws Error(kMemory), with what each
  // category takes, if the backend cannot hold it. Weights are zero until initialised or loaded.
  Transformer(Backend& backend, const Architecture& architecture, ModelBuild build);

  // Bytes of each MemoryCategory that a Transformer of this build allocates, without making one.
  static MemoryBytes PlanMemory(const Architecture& architecture, const ModelBuild& build);

  const Architecture& architecture() const { return architecture_; }
  ModelParameters& parameters() { return parameters_; }
  Backend& backend() { return *backend_; }
  const ModelBuild& build() const { return build_; }
  bool masks_documents() const { return build_.masks_documents; }

  // What is held, by category.
  const MemoryBytes& memory() const { return plan_.Bytes(); }
  // How the experts of a training step are computed (ExpertPath); empty without experts.
  std::string ExpertPathName() const;

  // The loss of each target, in nats, into host memory [batch.size()]; 0 where the target is -1.
  void Evaluate(const TokenBatch& batch, CapacityFactor capacity_factor, float* losses);

  // The logits [batch.size(), V] into host memory. For small models and tests.
  void Logits(const TokenBatch& batch, CapacityFactor capacity_factor, float* logits);

  // --- sequences that go on: see Decoder
  // -------------------------------------------------------------------------------------

  // Where the tokens of such a batch stand: tables of all positions, and the places at which their
  // sequences began, as RopeForward takes them; empty where all begin with the batch.
  struct CachedPositions {
    RopeTables rope;
    ConstTensor starts;
    std::span<const int32_t> host_starts;
  };
  // The forward pass, without limits of capacity. Targets and starts of the batch are not read.
  void ForwardCached(const TokenBatch& batch, const CachedBatch& cached,
                     const CachedPositions& positions);
  // Of the last ForwardCached, in host memory: the logits [V] of a token, by its place in the
  // batch.
  void LogitsOf(int64_t row, std::span<float> logits);
  // The losses of targets behind tokens by their places in the batch, as many at most as the batch
  // has, and the token that would lose least.
  void Score(std::span<const int32_t> rows, std::span<const int32_t> targets,
             std::span<float> losses, std::span<int32_t> likeliest);

  // --- training
  // -------------------------------------------------------------------------------------

  struct StepLosses {
    double token = 0;    // Σ over targets, in nats
    double balance = 0;  // weighted, over layers
    double z = 0;
  };

  // What the noise of routers depends on from here on, beside layer and micro-batch.
  void SeedNoise(uint64_t seed, int64_t step);

  // Gradients of (Σ token losses / tokens of the whole batch + router losses) += this micro-batch's
  // part. `micro_batch` of `micro_batches` equal ones.
  StepLosses Backpropagate(const TokenBatch& batch, int64_t micro_batch, int64_t micro_batches);

  // Where the load-balance loss spans several micro-batches, one forward pass of each of them comes
  // first, to count the whole batch's assignments. Does nothing otherwise.
  bool NeedsAssignmentPass(int64_t micro_batches) const;
  void CountAssignments(const TokenBatch& batch, int64_t micro_batch, int64_t micro_batches);

  // The experts' load in the last Backpropagate, of each layer that has experts.
  void ReadLoads(std::vector<MoeBlock::Load>& loads);
  const std::vector<int64_t>& expert_layers() const { return expert_layers_; }

  // Moves the routers' biases, where they have any, by what a batch's micro-batches assigned:
  // bias += rate · sign(mean load - load) (Wang et al. 2024, arXiv 2408.15664, algorithm 1).
  void MoveBiases(std::span<const std::vector<MoeBlock::Load>> loads);

 private:
  // Its blocks' weights are declared by address, so a layer never moves.
  struct Layer {
    Layer(const Architecture& architecture, int64_t index, ModelParameters& parameters);
    AttentionBlock attention;
    std::optional<DenseBlock> dense;
    std::optional<MoeBlock> moe;
    Tensor x;    // [n, D] what enters the layer
    Tensor mid;  // [n, D] between its halves; empty where the layers share it
  };
  // Declares everything and allocates nothing.
  Transformer(const Architecture& architecture, const ModelBuild& build);
  void PlanBuffers();
  void PlanRecord();
  bool DrawsNoise() const;
  RoutingRules EvaluationRules(const TokenBatch& batch, CapacityFactor capacity_factor) const;
  RoutingRules TrainingRules(const TokenBatch& batch, int64_t micro_batch,
                             int64_t micro_batches) const;
  // Of the batch whose tokens were copied last.
  Positions PositionsOf(const AttentionShape& shape) const;
  void CopyTokens(const TokenBatch& batch);
  void CopyStarts(const TokenBatch& batch);
  void CopyNoiseKeys(int64_t micro_batch);
  // Forward and backward, on the backend alone: work that it may record and replay.
  void ComputeGradients(const TokenBatch& batch, const RoutingRules& rules);
  // Leaves the final norm's output in normed_.
  void Forward(const TokenBatch& batch, const RoutingRules& rules);
  void ForwardLayers(const TokenBatch& batch, const Positions& positions,
                     const RoutingRules& rules);
  void KeepAssignments(const RoutingRules& rules);
  // Losses and loads of the router of each expert layer, into the record.
  void RecordRouters(const RoutingRules& rules);
  // The logits [rows, V] of normed [rows, D], at most HeadRows of them, until the next call.
  Tensor LogitsOfRows(ConstTensor normed);
  // body(begin, rows, logits) for chunks of rows of normed_ and their logits [rows, V].
  template <typename Body>
  void ForLogits(int64_t tokens, const Body& body);
  // Loss and gradient of the head in chunks of rows; leaves the gradient of normed_ in d_normed.
  void BackpropagateHead(int64_t tokens, Tensor d_normed, double scale);
  void BackpropagateLayers(const TokenBatch& batch, const RoutingRules& rules);
  void BackpropagateLayer(size_t index, Tensor d_x, const AttentionShape& shape,
                          const RoutingRules& rules);
  StepLosses ReadLosses();
  // Where a layer's halves meet.
  Tensor MidOf(const Layer& layer, int64_t tokens) const;
  // What the second half of a layer reads: what the first one leaves, or beside it the same.
  Tensor SecondInput(const Tensor& x, const Tensor& mid) const {
    return architecture_.traits().residual == Residual::kParallel ? x : mid;
  }
  MoeBlock& ExpertBlock(size_t i) { return *layers_[static_cast<size_t>(expert_layers_[i])]->moe; }
  const Weight& head() const {
    return architecture_.model.tied_embeddings ? embedding_.table() : head_;
  }

  Backend* backend_ = nullptr;
  const Architecture architecture_;
  ModelBuild build_;
  ModelParameters parameters_;
  Embedding embedding_;
  Weight head_;  // where embeddings are not tied
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<int64_t> expert_layers_;
  Norm final_norm_;

  BufferPlan plan_;
  std::unique_ptr<BufferPlan::Block> block_;
  Workspace workspace_;
  RopeTables rope_;                  // empty where positions are learned
  Tensor tokens_, targets_;          // [n] int32
  Tensor starts_;                    // [n] int32, of a build that masks documents
  bool has_starts_ = false;          // the last batch has documents
  Tensor last_;                      // [n, D] what leaves the last layer
  Tensor normed_;                    // [n, D]
  Tensor losses_;                    // [n] float32
  Tensor logits_;                    // [chunk, V]
  Tensor d_x_;                       // [n, D]
  Tensor noise_keys_, jitter_keys_;  // [L, 2] int32, of a model that trains with experts
  uint64_t noise_seed_ = 0;
  int64_t noise_step_ = 0;
  // What a training step leaves to be recorded, for the i-th of M layers with experts.
  Tensor step_losses_;  // [1 + 2M] token loss; balance and z loss of each layer
  Tensor step_loads_;   // [2M, E] int32: assigned and served of each layer
  std::vector<std::unique_ptr<Recording>> recordings_;  // of each micro-batch's gradients
  std::array<int64_t, 4> recorded_shape_ = {};  // sequences, length, micro-batches, documents
  std::vector<float> host_losses_;
  std::vector<int32_t> host_loads_;
};

}  // namespace upcycle
