// x += Σ_j weight_j · Expert_j(Norm(x)): the second half of a transformer layer with experts.
//
// A router weight multiplies the activation rather than the expert's output: without biases the
// result is the same, and the backward pass needs neither the outputs nor a second gather
// (TransformerEngine and Megatron-Core do the same).
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/run/architecture.h"
#include "experiments/run/norm.h"
#include "experiments/run/parameters.h"
#include "experiments/run/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

// How one micro-batch is routed.
struct RoutingRules {
  CapacityFactor capacity_factor;
  int64_t sequences = 1;      // in this micro-batch
  int64_t tokens = 0;         // in this micro-batch
  int64_t micro_batches = 1;  // in the batch
  int64_t micro_batch = 0;    // this one's place among them
};

// Rows an expert may serve: ceil(tokens · T / experts · factor); tokens where there is no capacity.
int64_t ExpertCapacity(const MoeSettings& moe, CapacityFactor factor, int64_t tokens);

class MoeBlock {
 public:
  MoeBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  // For micro-batches of at most `tokens` tokens and `sequences` sequences, at most `micro_batches`
  // of them in a batch.
  void Plan(BufferPlan& plan, int64_t sequences, int64_t tokens, int64_t micro_batches,
            Purpose purpose);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
               const Workspace& workspace);
  // The router's losses and, with Forward's routing, what Backward needs of them. `balance_scope`
  // global reads the assignments that KeepAssignments kept of the whole batch.
  void RouterLosses(Backend& backend, const RoutingRules& rules);
  // d_x [n, D] holds the gradient of `out` and becomes the gradient of `x`.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                const Workspace& workspace);

  // Remembers this micro-batch's assignments for the global load-balance loss.
  void KeepAssignments(Backend& backend, const RoutingRules& rules);

  // Of the last Forward. Copies to the host, so it waits.
  struct Load {
    std::vector<int32_t> assigned;  // [E], before anything is dropped
    std::vector<int32_t> served;    // [E]
  };
  void ReadLoad(Backend& backend, Load& load);
  // Of the last RouterLosses: weighted, as they enter the objective.
  struct Losses {
    double balance = 0, z = 0;
  };
  Losses ReadLosses(Backend& backend);

  // Of the last Forward, in backend memory.
  Routing RoutingFor(int64_t tokens) const;

 private:
  struct Saved {
    Tensor normed, logits, rows, inner, hidden, row_weight;
    Routing routing;
    Dispatch dispatch;
  };
  Saved SavedFor(int64_t tokens) const;

  const ModelSettings& model_;
  const MoeSettings& moe_;
  Activation activation_;
  Norm norm_;
  Weight router_;  // [E, D]
  Weight in_;      // [E, 2F/G, D] gate above up, or [E, F/G, D]
  Weight down_;    // [E, D, F/G]

  int64_t tokens_ = 0;  // of the last Forward
  Tensor normed_;       // [n, D]
  Tensor logits_;       // [n, E]
  Routing routing_;
  Dispatch dispatch_;
  Tensor rows_;                   // [R, D]
  Tensor inner_;                  // [R, 2F/G or F/G]
  Tensor hidden_;                 // [R, F/G]
  Tensor row_weight_;             // [R]
  Tensor batch_expert_;           // [micro_batches · n, T] int32, for the global scope
  Tensor balance_counts_;         // [S, E] int32
  Tensor balance_gradient_;       // [S, E]
  Tensor load_;                   // [1, E] int32
  Tensor balance_loss_, z_loss_;  // [1]
};

}  // namespace upcycle
