// A text that a model continues, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "experiments/decoding/sampler.h"
#include "experiments/model/decoder.h"

namespace upcycle {

struct GenerationSettings {
  int64_t most_tokens = 256;
  SamplingSettings sampling = {};
  std::vector<int32_t> ends = {};  // tokens at which the text ends by itself
  int64_t vocabulary = 0;          // tokens below this one may come; 0: all of the model's
};

// Why nothing more came.
enum class GenerationEnd {
  kEndOfText,  // one of `ends` came
  kEnough,     // most_tokens came
  kCapacity,   // the decoder's slot is full
  kStopped,    // by what takes the tokens
};

// Empties slot 0 of the decoder and continues the prompt there, which has a token at least.
// `take` gets each new token but an end, and says whether to go on. Throws Error(kInput)
// for a prompt that the slot cannot hold or the model has no such tokens for.
GenerationEnd Generate(Decoder& decoder, std::span<const int32_t> prompt,
                       const GenerationSettings& settings,
                       const std::function<bool(int32_t)>& take);

}  // namespace upcycle
