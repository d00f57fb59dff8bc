// How a context and a continuation become tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace upcycle {

class Tokenizer;

// The last `continuation` of the tokens are scored, those before are the context.
struct EncodedPair {
  std::vector<int32_t> tokens;
  int64_t continuation = 0;
};

struct SpecialTokens {
  std::optional<int32_t> empty_context;  // stands for a context without text
  std::vector<int32_t> before;           // stand before every text, as Llama's beginning of text
};

// As lm-evaluation-harness does (TemplateLM._encode_pair): spaces at the end of the context go to
// the continuation; the context is encoded, and so are both as one text; what lies behind as many
// tokens as the context has is the continuation. A context without text is `empty_context`. Throws
// Error(kInput) where no token is left for the continuation, because the tokenizer joins it with
// the context, and where a context without text has no token to stand for it.
EncodedPair EncodePair(const Tokenizer& tokenizer, std::string_view context,
                       std::string_view continuation, const SpecialTokens& special);

// The same with the tokenizer's end of text for a context without text.
EncodedPair EncodePair(const Tokenizer& tokenizer, std::string_view context,
                       std::string_view continuation);

// Drops tokens from the left until a model of this sequence length can score the pair: position t
// predicts token t + 1, so one token more than positions stays. Of a continuation that is longer
// than the sequence, the end is scored. Returns how many tokens were dropped.
int64_t TruncateFromTheLeft(EncodedPair& pair, int64_t sequence_length);

}  // namespace upcycle
