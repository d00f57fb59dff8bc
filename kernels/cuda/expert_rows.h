// Which rows a block of a product over experts takes.
#pragma once

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/cuda/launch.h"

namespace upcycle {

struct ExpertRows {
  const int32_t* counts;
  const int32_t* offsets;
  int32_t experts;
};

inline ExpertRows ExpertRowsOf(const Dispatch& dispatch) {
  return {dispatch.counts.ints(), dispatch.offsets.ints(),
          static_cast<int32_t>(dispatch.counts.dim(0))};
}

// As many tiles of `tile` rows as the experts can have: each may leave one that is not full.
inline int64_t MostTiles(const Dispatch& dispatch, int64_t tile) {
  const int64_t rows = dispatch.assignment_of.dim(0), experts = dispatch.counts.dim(0);
  return CeilDiv(rows, tile) + (experts < rows ? experts : rows);
}

// The rows [begin, end) of one expert; expert -1 where there is no such tile.
struct TileOfRows {
  int64_t expert;
  int64_t begin;
  int64_t end;
};

__device__ __forceinline__ TileOfRows FindTile(const ExpertRows& experts, int64_t index,
                                               int64_t tile) {
  for (int32_t e = 0; e < experts.experts; ++e) {
    const int64_t count = experts.counts[e], tiles = (count + tile - 1) / tile;
    if (index < tiles) {
      const int64_t first = experts.offsets[e], begin = first + index * tile;
      return {e, begin, begin + tile < first + count ? begin + tile : first + count};
    }
    index -= tiles;
  }
  return {-1, 0, 0};
}

}  // namespace upcycle
