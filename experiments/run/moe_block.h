// x += Σ_j weight_j · Expert_j(Norm(x)): the second half of a transformer layer with experts.
//
// A router weight multiplies the activation rather than the expert's output: without biases the
// result is the same, and the backward pass needs neither the outputs nor a second gather
// (TransformerEngine and Megatron-Core do the same).
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/run/architecture.h"
#include "experiments/run/expert_layout.h"
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

class MoeBlock {
 public:
  MoeBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const ModelBuild& build);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
               const Workspace& workspace);
  // The router's losses with Forward's routing, weighted, as they enter the objective, and what
  // Backward needs of them: balance [1], z [1]. `balance_scope` global reads the assignments that
  // KeepAssignments kept of the whole batch.
  void RouterLosses(Backend& backend, Tensor balance, Tensor z, const RoutingRules& rules);
  // d_x [n, D] holds the gradient of `out` and becomes the gradient of `x`.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                const Workspace& workspace);

  // Remembers this micro-batch's assignments for the global load-balance loss.
  void KeepAssignments(Backend& backend, const RoutingRules& rules);

  // How many assignments each expert had in a micro-batch, on the host.
  struct Load {
    std::vector<int32_t> assigned;  // [E], before anything is dropped
    std::vector<int32_t> served;    // [E]
  };
  // Of the last Forward: both of them, [1, E] int32 each.
  void CountLoad(Backend& backend, Tensor assigned, Tensor served);

  // How the last Forward laid its rows.
  const ExpertLayout& layout() const { return layout_; }
  // Of the last Forward, in backend memory.
  Routing RoutingFor(int64_t tokens) const;

 private:
  struct Saved {
    Tensor normed, rows, inner, hidden, row_weight;
    Routing routing;
    Dispatch dispatch;
  };
  // For the layout of the last Forward.
  Saved SavedFor(int64_t tokens, const Workspace& workspace) const;
  // Computes those of them again that the layers share; never the routing.
  void ComputeAgain(Backend& backend, const Saved& saved, ConstTensor x);

  const Architecture& architecture_;
  const ModelSettings& model_;
  const MoeSettings& moe_;
  ModelBuild build_;
  Activation activation_;
  Norm norm_;
  Weight router_;  // [E, D]
  Weight in_;      // [E, 2F/G, D] gate above up, or [E, F/G, D]
  Weight down_;    // [E, D, F/G]

  int64_t tokens_ = 0;   // of the last Forward
  ExpertLayout layout_;  // and its rows
  Routing routing_;
  Dispatch dispatch_;
  Tensor row_weight_;  // [R]
  // Empty where the layers share them.
  Tensor normed_;  // [n, D]
  Tensor rows_;    // [R, D]
  Tensor inner_;   // [R, 2F/G or F/G]
  Tensor hidden_;  // [R, F/G]
  // Of training alone.
  Tensor batch_expert_;      // [micro_batches · n, T] int32, for the global scope
  Tensor balance_counts_;    // [S, E] int32
  Tensor balance_gradient_;  // [S, E]
};

}  // namespace upcycle
