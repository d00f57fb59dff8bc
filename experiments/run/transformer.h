// The decoder-only transformer: embedding, layers of attention and a dense or expert MLP, final
// norm, head. One object holds the weights, the activations of one micro-batch, and for training
// the gradients and moments; all memory is planned at construction, and a step allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "experiments/run/architecture.h"
#include "experiments/run/attention_block.h"
#include "experiments/run/dense_block.h"
#include "experiments/run/moe_block.h"
#include "experiments/run/norm.h"
#include "experiments/run/parameters.h"
#include "experiments/run/workspace.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// The largest micro-batch that a model is built for.
struct BatchLimits {
  int64_t sequences = 1;
  int64_t length = 1;
  int64_t micro_batches = 1;  // in a batch, for load balance over all of it

  int64_t tokens() const { return sequences * length; }
};

// One micro-batch in host memory. Row-major [sequences, length]; a target of -1 is not scored.
struct TokenBatch {
  const int32_t* tokens = nullptr;
  const int32_t* targets = nullptr;
  int64_t sequences = 0;
  int64_t length = 0;

  int64_t size() const { return sequences * length; }
};

class Transformer {
 public:
  // Throws Error(kMemory) if the backend cannot hold it. Weights are zero until initialised or
  // loaded.
  Transformer(Backend& backend, const Architecture& architecture, const BatchLimits& limits,
              Purpose purpose);

  // Bytes of each MemoryCategory that a Transformer of this kind allocates, without making one.
  using MemoryBytes = std::array<int64_t, kMemoryCategories>;
  static MemoryBytes PlanMemory(const Architecture& architecture, const BatchLimits& limits,
                                Purpose purpose);

  const Architecture& architecture() const { return architecture_; }
  ModelParameters& parameters() { return parameters_; }
  Backend& backend() { return *backend_; }

  // The loss of each target, in nats, into host memory [batch.size()]; 0 where the target is -1.
  void Evaluate(const TokenBatch& batch, CapacityFactor capacity_factor, float* losses);

  // The logits [batch.size(), V] into host memory. For small models and tests.
  void Logits(const TokenBatch& batch, CapacityFactor capacity_factor, float* logits);

  // --- training
  // -------------------------------------------------------------------------------------

  struct StepLosses {
    double token = 0;    // Σ over targets, in nats
    double balance = 0;  // weighted, over layers
    double z = 0;
  };

  // Gradients of (Σ token losses / tokens of the whole batch + router losses) += this micro-batch's
  // part. `micro_batch` of `micro_batches` equal ones.
  StepLosses Backpropagate(const TokenBatch& batch, int64_t micro_batch, int64_t micro_batches);

  // Where the load-balance loss spans several micro-batches, one forward pass of each of them comes
  // first, to count the whole batch's assignments. Does nothing otherwise.
  bool NeedsAssignmentPass(int64_t micro_batches) const;
  void CountAssignments(const TokenBatch& batch, int64_t micro_batch, int64_t micro_batches);

  // The experts' load in the last micro-batch, of each layer that has experts.
  void ReadLoads(std::vector<MoeBlock::Load>& loads);
  const std::vector<int64_t>& expert_layers() const { return expert_layers_; }

 private:
  // Its blocks' weights are declared by address, so a layer never moves.
  struct Layer {
    Layer(const Architecture& architecture, int64_t index, ModelParameters& parameters);
    AttentionBlock attention;
    std::optional<DenseBlock> dense;
    std::optional<MoeBlock> moe;
    Tensor x;    // [n, D] what enters the layer
    Tensor mid;  // [n, D] between its halves
  };
  // Declares everything and allocates nothing.
  Transformer(const Architecture& architecture, const BatchLimits& limits, Purpose purpose);
  void PlanBuffers(const BatchLimits& limits, Purpose purpose);
  RoutingRules Rules(const TokenBatch& batch, CapacityFactor capacity_factor,
                     int64_t micro_batch = 0, int64_t micro_batches = 1) const;
  RopeTables RopeFor(int64_t length) const;
  // Leaves the final norm's output in normed_.
  void Forward(const TokenBatch& batch, const RoutingRules& rules);
  // Loss and gradient of the head in chunks of rows; leaves the gradient of normed_ in d_normed.
  double BackpropagateHead(const TokenBatch& batch, Tensor d_normed, double scale);
  void BackpropagateLayers(const TokenBatch& batch, const RoutingRules& rules);
  StepLosses RouterLosses(const RoutingRules& rules);
  const Weight& head() const { return architecture_.model.tied_embeddings ? embedding_ : head_; }

  Backend* backend_ = nullptr;
  const Architecture architecture_;
  ModelParameters parameters_;
  Weight embedding_, head_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<int64_t> expert_layers_;
  Norm final_norm_;

  BufferPlan plan_;
  std::unique_ptr<BufferPlan::Block> block_;
  Workspace workspace_;
  RopeTables rope_;
  Tensor tokens_, targets_;  // [n] int32
  Tensor last_;              // [n, D] what leaves the last layer
  Tensor normed_;            // [n, D]
  Tensor losses_;            // [n]
  Tensor total_;             // [1]
  Tensor logits_;            // [chunk, V]
  Tensor d_x_;               // [n, D]
};

}  // namespace upcycle
