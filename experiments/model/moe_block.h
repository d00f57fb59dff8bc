// x += Σ_j weight_j · Expert_j(Norm(x)) + Shared(Norm(x)): the second half of a transformer layer
// with experts.
//
// A router weight multiplies the activation rather than the expert's output: without biases the
// result is the same, and the backward pass needs neither the outputs nor a second gather
// (TransformerEngine and Megatron-Core do the same).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/model/architecture.h"
#include "experiments/model/expert_layout.h"
#include "experiments/model/norm.h"
#include "experiments/model/parameters.h"
#include "experiments/model/router.h"
#include "experiments/model/shared_expert.h"
#include "experiments/model/workspace.h"
#include "kernels/backend.h"

namespace upcycle {

class MoeBlock {
 public:
  MoeBlock(const Architecture& architecture, int64_t layer, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const ModelBuild& build);

  // out [n, D] = x + the block's output.
  void Forward(Backend& backend, Tensor out, ConstTensor x, const RoutingRules& rules,
               const Workspace& workspace);
  // d_x [n, D] holds the gradient of `out` and becomes the gradient of `x`.
  void Backward(Backend& backend, Tensor d_x, ConstTensor x, const RoutingRules& rules,
                const Workspace& workspace);

  // How many assignments each expert had in a micro-batch, on the host.
  struct Load {
    std::vector<int32_t>
        assigned;  // [E], before anything is dropped; where experts choose, as served
    std::vector<int32_t> served;  // [E]
  };
  // Of the last Forward: both of them, [1, E] int32 each.
  void CountLoad(Backend& backend, Tensor assigned, Tensor served);

  // How the last Forward laid its rows.
  const ExpertLayout& layout() const { return layout_; }
  Router& router() { return router_; }

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
  Router router_;
  Weight in_;    // [E, 2F/G, D] gate above up, or [E, F/G, D]
  Weight down_;  // [E, D, F/G]
  std::optional<SharedExpertBlock> shared_;

  int64_t tokens_ = 0;   // of the last Forward
  ExpertLayout layout_;  // and its rows
  Dispatch dispatch_;
  Tensor row_weight_;  // [R]
  // Empty where the layers share them.
  Tensor normed_;  // [n, D]
  Tensor rows_;    // [R, D]
  Tensor inner_;   // [R, 2F/G or F/G]
  Tensor hidden_;  // [R, F/G]
};

}  // namespace upcycle
