// Tokenizers and texts that nobody here made, where they are.
#include <gtest/gtest.h>

#include "core/tokenizers/tokenizer.h"
#include "tests/core/data/real_data.h"

namespace upcycle {
namespace {

TEST(RealTokenizers, Gpt2sTokensAreThoseThatAreKnown) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const auto tokenizer = Tokenizer::Load(*RealData() / "tokenizer_gpt2");
  EXPECT_EQ(tokenizer->Vocabulary(), 50257);
  EXPECT_EQ(tokenizer->EndOfText(), 50256);
  EXPECT_EQ(tokenizer->Encode("Hello, world!"), (std::vector<int32_t>{15496, 11, 995, 0}));
}

TEST(RealTokenizers, BooksComeBackWholeAndMayBeCut) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const std::string text =
      ReadTextFile(*RealData() / "books" / "jane-austen_pride-and-prejudice.txt");
  for (const char* name : {"tokenizer_gpt2", "tokenizer_minimind6400"}) {
    const auto tokenizer = Tokenizer::Load(*RealData() / name);
    const std::vector<int32_t> tokens = tokenizer->Encode(text);
    EXPECT_EQ(tokenizer->Decode(tokens), text);
    const size_t cut = tokenizer->CutAfter(text, 100'000);
    ASSERT_LT(cut, 101'000u);
    std::vector<int32_t> pieces = tokenizer->Encode(text.substr(0, cut));
    tokenizer->Encode(text.substr(cut), pieces);
    EXPECT_EQ(pieces, tokens);
  }
}

}  // namespace
}  // namespace upcycle
