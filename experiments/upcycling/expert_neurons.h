// The hidden neurons of experts: which of the dense MLP's an expert is made of, and which of them a
// method changes. One choice serves all matrices of an expert: a neuron is a row of gate and up and
// a column of down, and a neuron with rows of one and columns of another would compute nothing that
// the parent ever did.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/recipe/settings.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"

namespace upcycle {

// A pure function of the run's seed, layer and expert.
class ExpertNeurons {
 public:
  // `target` has experts, and the method makes them from a parent.
  ExpertNeurons(const Architecture& target, const UpcycleSettings& settings, uint64_t seed);

  // The numbers of the dense neurons that an expert takes, in its own order: F/G of them.
  //   copy, branch_train_mix         all
  //   virtual_groups, drop, noise    shard i mod G; the experts of a group, i div G, are one MLP
  //   qwen                           slice i mod G of replica i div G, which has a permutation of
  //                                  its own: the slices of a replica are one MLP
  //   split                          part i of one permutation: all experts are one MLP
  std::vector<int64_t> Taken(int64_t layer, int64_t expert) const;

  // Which of them do not stay the parent's: round(ratio · F/G) places in the expert, ascending;
  // none for a method that changes nothing.
  std::vector<int64_t> Changed(int64_t layer, int64_t expert) const;

 private:
  int64_t granularity_;
  int64_t dense_width_;   // F
  int64_t expert_width_;  // F/G
  UpcycleSettings settings_;
  uint64_t seed_;
};

// The dense part that an expert's part is made from.
PartKind DenseKindOf(PartKind expert_kind);

// Rows [begin, …) of what neurons of a dense MLP matrix are: rows of gate and up [F, D], columns of
// down [D, F]. `out` is some rows of [neurons, D] or [D, neurons]; `width` is D, `hidden` F.
void TakeNeuronRows(std::span<float> out, int64_t begin, const RowReader& dense, const Part& part,
                    int64_t width, int64_t hidden, std::span<const int64_t> neurons);

// The same of a matrix in memory, whole.
void TakeNeurons(std::span<float> out, std::span<const float> dense, PartKind dense_kind,
                 int64_t width, std::span<const int64_t> neurons);

}  // namespace upcycle
