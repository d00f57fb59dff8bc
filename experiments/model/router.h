// Which experts a layer's tokens go to, with which weights, and the losses that keep the load even.
// It reads and computes in float32 whatever the backend's type.
#pragma once

#include <cstdint>

#include "experiments/model/architecture.h"
#include "experiments/model/model_build.h"
#include "experiments/model/parameters.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

// How one micro-batch is routed.
struct RoutingRules {
  CapacityFactor capacity_factor;
  int64_t sequences = 1;      // in this micro-batch
  int64_t tokens = 0;         // in this micro-batch
  int64_t micro_batches = 1;  // in the batch
  int64_t micro_batch = 0;    // this one's place among them
  // Of every layer: [L, 2] int32 for noise on the logits and for jitter. Empty outside training,
  // where routers neither draw noise nor balance their ranks.
  ConstTensor noise_keys = {};
  ConstTensor jitter_keys = {};

  bool trains() const { return !noise_keys.empty(); }
};

class Router {
 public:
  Router(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const ModelBuild& build);

  // Decides about x [n, D].
  void Forward(Backend& backend, ConstTensor x, const RoutingRules& rules,
               const Workspace& workspace);
  // The losses of the last Forward, weighted, as they enter the objective, and what Backward needs
  // of them: balance [1], z [1]. `balance_scope` global reads the assignments that KeepAssignments
  // kept of the whole batch.
  void Losses(Backend& backend, Tensor balance, Tensor z, const RoutingRules& rules);
  // d_x [n, D] += the gradient through the weights (workspace.d_weight) and of the losses.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                const Workspace& workspace);

  // Remembers this micro-batch's assignments for the global load-balance loss.
  void KeepAssignments(Backend& backend, const RoutingRules& rules);

  // The decision of the last Forward about its tokens.
  Routing Decision(int64_t tokens) const;

  // What counts in the choice beside the scores, [E] float32; empty where nothing moves it.
  Tensor bias() const { return bias_.master; }

 private:
  void PlanLosses(BufferPlan& plan, const ModelBuild& build);
  bool HasBalanceLoss() const { return !moe_.ExpertsChoose(); }
  Scoring scoring() const { return {moe_.router.order, moe_.router.score}; }
  Tensor BalanceGradient(const RoutingRules& rules) const;
  // What the weights are multiplied with: x in float32, with jitter while training.
  ConstTensor Input(Backend& backend, ConstTensor x, const RoutingRules& rules,
                    const Workspace& workspace) const;
  ExpertRanks Ranks(Backend& backend, ConstTensor logits, const RoutingRules& rules,
                    const Workspace& workspace) const;
  void AddNoise(Backend& backend, Tensor logits, ConstTensor input, const RoutingRules& rules);
  // One matrix's part of Backward: its gradient, and that of the input.
  void BackwardThrough(Backend& backend, const Weight& weight, ConstTensor d_out, Tensor d_x,
                       ConstTensor input, const RoutingRules& rules, const Workspace& workspace);

  const MoeSettings& moe_;
  int64_t layer_;
  Weight router_;  // [E, D]
  Weight noise_;   // [E, D], of noisy top-k
  Weight bias_;    // [E], of loss-free balancing; no gradient reaches it
  Routing routing_;
  // Of what the settings ask for.
  Tensor normalized_;  // [n, E] logits before noise
  Tensor rstd_;        // [n]
  Tensor spread_;      // [n, E] what the noise's size is the softplus of
  // Of training alone.
  Tensor batch_expert_;      // [micro_batches · n, T] int32, for the global scope
  Tensor balance_counts_;    // [S, E] int32
  Tensor balance_gradient_;  // [S, E]
};

}  // namespace upcycle
