// Upcycling: the weights of a mixture of experts from those of its dense parent, part by part, so
// that a model of any size passes through in bounded memory.
//
// Each method is one choice of neurons (expert_neurons.h), one change of some of them
// (neuron_changes.h) and one scale (weight_scaling.h); core/recipe/upcycle_settings.h names their
// sources.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/recipe/settings.h"
#include "core/recipe/weight_scaling.h"
#include "experiments/run/architecture.h"
#include "experiments/run/expert_neurons.h"
#include "experiments/run/parts.h"

namespace upcycle {

// The values of one part of a dense model, row-major; valid until the next call.
using ParentReader = std::function<std::span<const float>(const Part&)>;

class Upcycler {
 public:
  // `target` has experts; `seed` is the run's, and decides the router and whatever else is drawn.
  Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed);

  // The values of `part` of the target, row-major. `parents` are the dense parent alone, or the
  // branches of branch_train_mix.
  void Fill(std::span<float> values, const Part& part, std::span<const ParentReader> parents) const;
  void Fill(std::span<float> values, const Part& part, const ParentReader& parent) const {
    Fill(values, part, {&parent, 1});
  }

 private:
  void FillRouter(std::span<float> values, const Part& part) const;
  void FillShared(std::span<float> values, const Part& part,
                  std::span<const ParentReader> parents) const;
  void FillExpert(std::span<float> values, const Part& part, const ParentReader& parent) const;
  void ChangeNeurons(std::span<float> values, const Part& part) const;
  double ScaleOf(PartKind expert_kind) const;

  Architecture target_;
  UpcycleSettings settings_;
  uint64_t seed_;
  ExpertNeurons neurons_;
};

}  // namespace upcycle
