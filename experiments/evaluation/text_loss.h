// How likely a model finds a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "core/tokenizers/tokenizer.h"
#include "experiments/model/transformer.h"

namespace upcycle {

struct TextLoss {
  double nats = 0;  // summed over all tokens
  int64_t tokens = 0, bytes = 0, characters = 0, blocks = 0;
  // Of nats / tokens, as of a ratio of two sums over blocks, which are taken as independent; 0 of a
  // single block.
  double standard_error = 0;
};

// Throws Error(kInput) for a block that a sequence does not hold behind what begins a text; 0 is as
// many tokens as it holds.
void RequireBlock(int64_t block, const Tokenizer& tokenizer, int64_t sequence_length);

// Cuts the text's tokens into blocks of `block`, the last one shorter, and scores each behind the
// tokens that begin a text, as if nothing had been before it. `block` is what RequireBlock
// asks of it. `observe` is told how many blocks of how many are done, and throws to break it off.
// Throws Error(kInput) for an empty text, a longer block, and a tokenizer that has no token to
// begin or end a text.
TextLoss LossOfText(std::string_view text, int64_t block, Transformer& model,
                    const Tokenizer& tokenizer, const std::function<void(size_t, size_t)>& observe);

}  // namespace upcycle
