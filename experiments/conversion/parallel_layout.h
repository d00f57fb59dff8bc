// How the weights of a model are shared out to the ranks of a parallel layout, as Megatron-LM
// shares them (Shoeybi et al. 2019, arXiv 1909.08053; Narayanan et al. 2021, arXiv 2104.04473):
//
//   tensor    heads, hidden neurons (of each expert too) and rows of the vocabulary are cut:
//             rows of queries, keys, values, gate, up, embedding and head, columns of output
//             and down. With fewer key-value heads than ranks, neighbours hold the same one.
//             Everything else is whole on each rank
//   expert    each rank holds as many whole experts of each layer; everything else is on all
//   pipeline  consecutive layers, the first ranks one more where they do not divide; embedding with
//             the first, final norm and head with the last, where tied embeddings are once more
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"

namespace upcycle {

struct ParallelLayout {
  int64_t tensor = 1, expert = 1, pipeline = 1;

  int64_t Ranks() const { return tensor * expert * pipeline; }
  bool operator==(const ParallelLayout&) const = default;
};

// A rank's place in each direction, from 0.
struct ParallelRank {
  int64_t tensor = 0, expert = 0, pipeline = 0;
  bool operator==(const ParallelRank&) const = default;
};

// "tp=2,ep=8,pp=4", each at most once; what is left out is 1, or 0 for a rank. Throws
// Error(kInput).
ParallelLayout ParseLayout(std::string_view text);
ParallelRank ParseRank(std::string_view text, const ParallelLayout& layout);
std::string NameOf(const ParallelRank& rank);  // "tp0-ep3-pp1"

// All of them, tensor ranks next to each other, then experts'.
std::vector<ParallelRank> RanksOf(const ParallelLayout& layout);

// Throws Error(kInput), saying what does not divide, for a model that cannot be shared out so.
void RequireShares(const Architecture& architecture, const ParallelLayout& layout);

// What one rank holds of a model that RequireShares let pass.
class RankShare {
 public:
  RankShare(const Architecture& whole, const ParallelLayout& layout, const ParallelRank& rank);

  // The sizes of its parts: PartShape(part, sizes()). Layers and experts are counted as in the
  // whole.
  const Architecture& sizes() const { return sizes_; }
  // Numbered as in the whole, in the order of ListParts.
  const std::vector<Part>& parts() const { return parts_; }

  // Where a part lies in the whole one.
  struct Slice {
    int64_t row = 0, column = 0;  // its first ones
    int64_t columns = 1;          // of the whole
  };
  Slice SliceOf(const Part& part) const;

  // Layout and rank, layers and experts from the first to behind the last, and the first row of the
  // vocabulary.
  nlohmann::json ToJson() const;

  // The rows of this share's parts, cut from those of the whole, of which no others are read. Both
  // outlive what is given.
  RowReader Cut(const RowReader& whole) const;

 private:
  bool Holds(const Part& part) const;

  Architecture whole_, sizes_;
  ParallelLayout layout_;
  ParallelRank rank_;
  int64_t first_layer_ = 0, end_layer_ = 0;
  std::vector<Part> parts_;
};

}  // namespace upcycle
