// Upcycling: the weights of a mixture of experts from those of its dense parent, some rows of a
// part at a time, so that a model of any size passes through in bounded memory and a rank of a
// parallel layout can make its own share by itself (the online upcycling of Vavre 2024,
// section 3.1). The numbers of a row do not depend on how the rows are cut.
//
// Each method is one choice of neurons (expert_neurons.h), one change of some of them
// (neuron_changes.h) and one scale (core/recipe/weight_scaling.h); core/recipe/upcycle_settings.h
// names their sources.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/recipe/settings.h"
#include "core/recipe/weight_scaling.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"
#include "experiments/upcycling/expert_neurons.h"
#include "experiments/upcycling/neuron_changes.h"

namespace upcycle {

// The values of one part of a dense model, row-major; valid until the next call.
using ParentReader = std::function<std::span<const float>(const Part&)>;

class Upcycler {
 public:
  // `target` has experts; `seed` is the run's, and decides the router and whatever else is drawn.
  Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed);

  const Architecture& target() const { return target_; }

  // The values of `part` of the target, row-major. `parents` are the dense parent alone, or the
  // branches of branch_train_mix.
  void Fill(std::span<float> values, const Part& part, std::span<const ParentReader> parents) const;
  void Fill(std::span<float> values, const Part& part, const ParentReader& parent) const {
    Fill(values, part, {&parent, 1});
  }

 private:
  friend class UpcycledPart;

  Architecture target_;
  UpcycleSettings settings_;
  uint64_t seed_;
  ExpertNeurons neurons_;
};

// One part of the target. Both arguments outlive it.
class UpcycledPart {
 public:
  // May read much of the parent already, where what is drawn depends on it.
  UpcycledPart(const Upcycler& upcycler, const Part& part, std::span<const RowReader> parents);

  // Rows [begin, begin + values.size() / columns), row-major; a vector's elements are rows of one
  // number.
  void Fill(int64_t begin, std::span<float> values) const;

  // The part of a parent that this one is, number by number; empty where anything differs.
  struct Original {
    size_t parent = 0;
    Part part;
  };
  std::optional<Original> CopyOf() const;

 private:
  std::optional<Original> CopyOfMlp() const;
  const RowReader& Parent() const;
  void FillMean(const Part& part, int64_t begin, std::span<float> values) const;
  void FillRouter(int64_t begin, std::span<float> values) const;
  void FillShared(int64_t begin, std::span<float> values) const;
  void FillExpert(int64_t begin, std::span<float> values) const;
  NeuronRows Take(int64_t begin, std::span<float> values) const;
  void Change(const NeuronRows& rows) const;
  NormalMoments MomentsOfChanged() const;
  double Scale() const;

  const Upcycler& upcycler_;
  Part part_;
  std::span<const RowReader> parents_;
  int64_t rows_ = 0;
  int64_t columns_ = 1;
  // Of an expert.
  std::vector<int64_t> taken_, changed_;
  NormalMoments moments_;
};

}  // namespace upcycle
