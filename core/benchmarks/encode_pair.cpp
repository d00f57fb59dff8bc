#include "core/benchmarks/encode_pair.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/benchmarks/python_text.h"
#include "core/check.h"
#include "core/error.h"
#include "core/tokenizers/tokenizer.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// Enough of a context's end to find it by.
std::string_view EndOf(std::string_view context) {
  size_t begin = context.size() - std::min<size_t>(context.size(), 20);
  while (begin < context.size() && ContinuesCharacter(context[begin])) ++begin;
  return context.substr(begin);
}

}  // namespace

EncodedPair EncodePair(const Tokenizer& tokenizer, std::string_view context,
                       std::string_view continuation, const SpecialTokens& special) {
  const std::string_view kept = StripRight(context);
  const std::string whole = std::string(context) + std::string(continuation);

  EncodedPair pair;
  std::vector<int32_t> whole_tokens;
  // An empty context is not encoded, and so nothing stands before the continuation but its token.
  if (!context.empty()) pair.tokens = whole_tokens = special.before;
  if (!kept.empty()) tokenizer.Encode(kept, pair.tokens);
  if (pair.tokens.empty()) {
    if (!special.empty_context) {
      throw Error(Cause::kInput,
                  fmt::format("nothing stands before \"{}\", and the tokenizer has no token that "
                              "begins or ends a text to stand there",
                              continuation));
    }
    pair.tokens.push_back(*special.empty_context);
    whole_tokens.push_back(*special.empty_context);
  }
  tokenizer.Encode(whole, whole_tokens);

  const size_t length = pair.tokens.size();
  if (whole_tokens.size() <= length) {
    throw Error(Cause::kInput,
                fmt::format("the tokenizer leaves no token for \"{}\" behind \"...{}\": it joins "
                            "both, and the model cannot be asked this way",
                            continuation, EndOf(kept)));
  }
  pair.tokens.insert(pair.tokens.end(), whole_tokens.begin() + static_cast<std::ptrdiff_t>(length),
                     whole_tokens.end());
  pair.continuation = static_cast<int64_t>(whole_tokens.size() - length);
  return pair;
}

EncodedPair EncodePair(const Tokenizer& tokenizer, std::string_view context,
                       std::string_view continuation) {
  return EncodePair(tokenizer, context, continuation, {tokenizer.EndOfText(), {}});
}

int64_t TruncateFromTheLeft(EncodedPair& pair, int64_t sequence_length) {
  UPCYCLE_CHECK(sequence_length >= 1);
  const int64_t dropped = std::max<int64_t>(0, std::ssize(pair.tokens) - (sequence_length + 1));
  pair.tokens.erase(pair.tokens.begin(), pair.tokens.begin() + dropped);
  pair.continuation = std::min<int64_t>(pair.continuation, std::ssize(pair.tokens) - 1);
  return dropped;
}

}  // namespace upcycle
