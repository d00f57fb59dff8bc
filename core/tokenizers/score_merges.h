// The merges that pieces with scores imply: any two neighbours whose texts joined are a piece may
// become it, of the highest score first.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/tokenizers/function_ref.h"
#include "core/tokenizers/pair_merges.h"

namespace upcycle {

struct ScoredPiece {
  std::string_view text;
  int32_t token = 0;
  float score = 0;  // a number
};

// `token_of` gives -1 for a text that does not merge. Takes time of the square of a piece's length.
PairMerges MergesByScore(std::span<const ScoredPiece> pieces,
                         FunctionRef<int32_t(std::string_view)> token_of);

}  // namespace upcycle
