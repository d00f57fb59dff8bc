// Sequences that go on from a cache, and what the ops of the cache make of them.
#pragma once

#include <vector>

#include "kernels/backend.h"
#include "tests/kernels/array.h"

namespace upcycle::reference {

// B sequences, of which `past` tokens are in the cache and `added` follow; each in a slot of its
// own, with L of the shape at least `added`.
struct CachedSequences {
  AttentionShape shape;
  int64_t all_slots = 1;  // S
  int64_t capacity = 1;   // C
  std::vector<int64_t> slots, past, added;

  Array Slots() const;
  Array Past() const;
  Array Added() const;
};

// Everything about one random text for each sequence.
struct CachedText {
  Array qkv;     // [n, (H + 2K)·W] of the added tokens; what fills up is random
  Array before;  // [S, C, 2·K·W]: the past tokens' keys and values, and NaN elsewhere
  Array after;   // with those of the added tokens too
  Array out;     // [n, H·W], each text attended to as a whole; 0 for what fills up
};
CachedText RandomText(const CachedSequences& sequences, DataType type, double spread);

}  // namespace upcycle::reference
