// Upcycling: the weights of a mixture of experts from those of its dense parent, part by part, so
// that a model of any size passes through in bounded memory.
//
// Sources: Komatsuzaki et al. 2022 (arXiv 2212.05055) for copies; He 2024 (arXiv 2410.07524)
// section 3 for virtual groups and weight scaling.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/recipe/settings.h"
#include "experiments/run/architecture.h"
#include "experiments/run/parts.h"

namespace upcycle {

// The values of one part of the dense parent, row-major; valid until the next call.
using ParentReader = std::function<std::span<const float>(const Part&)>;

// The shard of the dense MLP's hidden width that an expert starts from: i mod G. Experts of one
// virtual group, i div G, hold every shard once.
int64_t ShardOfExpert(int64_t expert, const MoeSettings& moe);

// What the output of the upcycled MLP lacks against the dense one at uniform routing: E·G²/T for
// softmax_then_topk, whose weights are 1/(E·G); G for topk_then_softmax, whose weights are 1/T.
double MissingFactor(const MoeSettings& moe);

// What the matrices of an expert are multiplied by so that its output gains MissingFactor.
//   none   1, 1, 1
//   paper  the cube root on every matrix: exact for squared ReLU, where up counts twice; for SwiGLU
//          an approximation, since the gate's scale passes through a sigmoid
//   exact  squared ReLU as in paper; SwiGLU: the square root on up and down, gate untouched
struct ExpertScales {
  double gate = 1, up = 1, down = 1;
};
ExpertScales ScalesOf(const MoeSettings& moe, WeightScaling scaling, Activation activation);

class Upcycler {
 public:
  // `target` has experts; `seed` is the run's, and decides the router and all fresh weights.
  Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed);

  // The values of `part` of the target, row-major.
  void Fill(std::span<float> values, const Part& part, const ParentReader& parent) const;

 private:
  void FillRouter(std::span<float> values, const Part& part) const;
  void FillExpert(std::span<float> values, const Part& part, const ParentReader& parent) const;

  Architecture target_;
  UpcycleSettings settings_;
  uint64_t seed_;
};

// The dense part that an expert's part is cut from.
PartKind DenseKindOf(PartKind expert_kind);

// Copies shard `shard` of `shards` of a dense MLP matrix: rows of gate and up [F, D], columns of
// down [D, F]. `out` is row-major [F/shards, D] or [D, F/shards].
void CopyShard(std::span<float> out, std::span<const float> dense, PartKind dense_kind,
               int64_t width, int64_t hidden, int64_t shard, int64_t shards);

}  // namespace upcycle
