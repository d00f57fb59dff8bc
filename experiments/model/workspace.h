// Scratch that all layers share, because only one of them uses it at a time.
#pragma once

#include <cstdint>

#include "experiments/model/architecture.h"
#include "experiments/model/model_build.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

// The beginning of a buffer, under a shape of at most its size.
inline Tensor Cut(const Tensor& buffer, const Shape& shape) {
  return buffer.Reshaped({buffer.size()}).Slice(0, shape.size()).Reshaped(shape);
}
// The same of a layer's own buffer, or where it has none of the one that all layers share.
inline Tensor CutOwn(const Tensor& own, const Tensor& shared, const Shape& shape) {
  return Cut(own.empty() ? shared : own, shape);
}

// What a layer's forward pass leaves for its backward pass, as far as the layers have no buffers of
// their own for it (ModelBuild::Keeps): flat, enough for any layer of the model.
struct SharedActivations {
  Tensor normed;       // n·D, or what a norm behind attention or MLP reads
  Tensor projected;    // n·(H + 2K)·W, where queries and keys are normalised
  Tensor fused;        // n·(H + 2K)·W
  Tensor attended;     // n·H·W
  Tensor log_sum_exp;  // n·H, float32
  Tensor rows;         // R·D, experts only
  Tensor inner;        // n·2F or n·F, or with experts R·2F/G or R·F/G
  Tensor hidden;       // n·F, or with experts R·F/G
  Tensor mid;          // n·D, between a layer's halves
};

struct Workspace {
  SharedActivations shared;
  Tensor rows;  // [R, D] experts' outputs, and in the backward pass gradients of rows
  // Of routers, all float32 but d_rounded.
  Tensor logits;   // [n, E]
  Tensor ranks;    // [n, E], of Sinkhorn's choice
  Tensor columns;  // [E]
  Tensor exact;    // [n, D] their input where it is not the activations themselves
  Tensor d_exact, d_rounded;
  Tensor d_out;         // [n, D], where a layer's halves lie beside each other
  Tensor d_normed;      // [n, D], between a norm and what it stands before or behind
  Tensor d_attended;    // [n, H·W]
  Tensor d_qkv;         // [n, (H + 2K)·W]
  Tensor d_hidden;      // flat, as shared.hidden
  Tensor d_inner;       // flat, as shared.inner
  Tensor d_row_weight;  // [R] float32, experts only
  Tensor d_weight;      // [n, MoeSettings::Assignments] float32, experts only
  Tensor d_logits;      // [n, E] float32, experts only

  // R = MostExpertRows. A model that only evaluates has what its forward pass needs.
  void Plan(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);

 private:
  void PlanRouters(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);
  void PlanShared(BufferPlan& plan, const Architecture& architecture, const ModelBuild& build);
};

}  // namespace upcycle
