// A batch of sequences that go on from keys and values of every layer (decoder.h).
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "kernels/sequence_places.h"

namespace upcycle {

struct CachedBatch {
  std::span<const Tensor> layers;  // [S, C, 2·K·W] of each layer, in the backend's memory
  SequencePlaces places;           // there too
  bool has_past = false;           // some sequence has tokens in the cache
};

}  // namespace upcycle
