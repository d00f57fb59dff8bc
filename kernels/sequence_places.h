// Where sequences go on in a cache of keys and values.
#pragma once

#include "core/tensor.h"

namespace upcycle {

// Of B sequences of L tokens, each tensor [B] int32. Sequence b has `past[b]` tokens in the cache's
// slot `slots[b]`, and the first `added[b]` of its L tokens follow them; the others fill it up and
// are nobody's. Slots differ, 0 <= added <= L, and past + added is at most the slots' length.
struct SequencePlaces {
  ConstTensor slots;
  ConstTensor past;
  ConstTensor added;
};

}  // namespace upcycle
