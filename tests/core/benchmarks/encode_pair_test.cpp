#include "core/benchmarks/encode_pair.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/tokenizers/byte_tokenizer.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

TEST(EncodePair, TheContinuationIsWhatLiesBehindTheContext) {
  const ByteTokenizer bytes;
  const EncodedPair pair = EncodePair(bytes, "ab", " cd");
  EXPECT_EQ(bytes.Decode(pair.tokens), "ab cd");
  EXPECT_EQ(pair.continuation, 3);
}

TEST(EncodePair, SpacesAtTheEndOfTheContextBelongToTheContinuation) {
  const ByteTokenizer bytes;
  const EncodedPair pair = EncodePair(bytes, "ab \n\u00a0", "cd");
  EXPECT_EQ(bytes.Decode(pair.tokens), "ab \n\u00a0cd");
  EXPECT_EQ(pair.continuation, 6);
}

TEST(EncodePair, AnEmptyContextIsEndOfText) {
  const EncodedPair pair = EncodePair(ByteTokenizer(), "", "cd");
  EXPECT_EQ(pair.tokens, (Tokens{256, 'c', 'd'}));
  EXPECT_EQ(pair.continuation, 2);
}

TEST(EncodePair, AContextOfSpacesIsEndOfTextToo) {
  const EncodedPair pair = EncodePair(ByteTokenizer(), " ", "c");
  EXPECT_EQ(pair.tokens, (Tokens{256, ' ', 'c'}));
  EXPECT_EQ(pair.continuation, 2);
}

TEST(EncodePair, TheFirstTokenStandsBeforeTheContextOnly) {
  const SpecialTokens special{.empty_context = 7, .before = {9}};
  EXPECT_EQ(EncodePair(ByteTokenizer(), "a", " b", special).tokens, (Tokens{9, 'a', ' ', 'b'}));
  EXPECT_EQ(EncodePair(ByteTokenizer(), " ", "b", special).tokens, (Tokens{9, ' ', 'b'}));
  EXPECT_EQ(EncodePair(ByteTokenizer(), "", "b", special).tokens, (Tokens{7, 'b'}));
}

TEST(EncodePair, NeedsATokenForAnEmptyContextOnlyWhereThereIsOne) {
  const SpecialTokens none;
  EXPECT_EQ(EncodePair(ByteTokenizer(), "a", "b", none).tokens, (Tokens{'a', 'b'}));
  EXPECT_TRUE(Says(MessageOf([&] { EncodePair(ByteTokenizer(), "", "b", none); }),
                   "no token that begins or ends a text"));
}

// Bytes, but "xy" is one token: 300.
class JoiningTokenizer final : public Tokenizer {
 public:
  JoiningTokenizer() : Tokenizer({.vocabulary = 301, .end_of_text = 256}) {}
  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override {
    for (size_t i = 0; i < text.size(); ++i) {
      const bool joined = text.substr(i).starts_with("xy");
      out.push_back(joined ? 300 : static_cast<unsigned char>(text[i]));
      i += joined;
    }
  }
  std::string Decode(std::span<const int32_t> /*tokens*/) const override { return ""; }
  size_t CutAfter(std::string_view text, size_t /*least*/) const override { return text.size(); }

 private:
  Files FilesToSave() const override { return {}; }
};

TEST(EncodePair, TokensOverTheBorderAreCutByCount) {
  // Together 'a' 300 'z'; the context alone 'a' 'x', and behind two tokens lies 'z'.
  const EncodedPair pair = EncodePair(JoiningTokenizer(), "ax", "yz");
  EXPECT_EQ(pair.tokens, (Tokens{'a', 'x', 'z'}));
  EXPECT_EQ(pair.continuation, 1);
}

TEST(EncodePair, RefusesAContinuationThatHasNoTokenOfItsOwn) {
  EXPECT_TRUE(Says(MessageOf([] { EncodePair(JoiningTokenizer(), "ax", "y"); }),
                   "the tokenizer leaves no token for \"y\" behind \"...ax\""));
}

TEST(TruncateFromTheLeft, KeepsOneTokenMoreThanPositions) {
  EncodedPair pair{{1, 2, 3, 4, 5}, 2};
  EXPECT_EQ(TruncateFromTheLeft(pair, 3), 1);
  EXPECT_EQ(pair.tokens, (Tokens{2, 3, 4, 5}));
  EXPECT_EQ(pair.continuation, 2);
}

TEST(TruncateFromTheLeft, LeavesWhatFits) {
  EncodedPair pair{{1, 2, 3}, 1};
  EXPECT_EQ(TruncateFromTheLeft(pair, 2), 0);
  EXPECT_EQ(pair.tokens, (Tokens{1, 2, 3}));
}

TEST(TruncateFromTheLeft, ScoresTheEndOfAContinuationThatIsTooLong) {
  EncodedPair pair{{1, 2, 3, 4, 5}, 4};
  EXPECT_EQ(TruncateFromTheLeft(pair, 2), 2);
  EXPECT_EQ(pair.tokens, (Tokens{3, 4, 5}));
  EXPECT_EQ(pair.continuation, 2);
}

}  // namespace
}  // namespace upcycle
