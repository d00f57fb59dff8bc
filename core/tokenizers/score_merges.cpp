#include "core/tokenizers/score_merges.h"

#include <functional>
#include <map>

namespace upcycle {

PairMerges MergesByScore(std::span<const ScoredPiece> pieces,
                         FunctionRef<int32_t(std::string_view)> token_of) {
  std::map<float, uint32_t, std::greater<>> ranks;
  for (const ScoredPiece& piece : pieces) ranks.emplace(piece.score, 0);
  uint32_t next_rank = 0;
  for (auto& [score, rank] : ranks) rank = next_rank++;
  PairMerges merges(pieces.size());
  for (const ScoredPiece& piece : pieces) {
    const uint32_t rank = ranks.at(piece.score);
    for (size_t cut = 1; cut < piece.text.size(); ++cut) {
      const int32_t left = token_of(piece.text.substr(0, cut));
      const int32_t right = left < 0 ? -1 : token_of(piece.text.substr(cut));
      if (right >= 0) merges.Set(left, right, {rank, piece.token});
    }
  }
  return merges;
}

}  // namespace upcycle
