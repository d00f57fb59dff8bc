#include "core/tokenizers/word_cache.h"

#include <string>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

Tokens Known(const WordCache& cache, std::string_view word) {
  const WordCache::Found found = cache.Find(word);
  return found.tokens == nullptr ? Tokens() : Tokens(found.tokens, found.tokens + found.count);
}

TEST(WordCache, FindsWhatWasStored) {
  WordCache cache;
  EXPECT_EQ(cache.Find("the").tokens, nullptr);
  cache.Store("the", Tokens{7, 8});
  EXPECT_EQ(Known(cache, "the"), (Tokens{7, 8}));
  EXPECT_EQ(cache.Find("th").tokens, nullptr);
}

TEST(WordCache, AWordWithoutTokensIsKnownToo) {
  WordCache cache;
  cache.Store("x", Tokens{});
  EXPECT_NE(cache.Find("x").tokens, nullptr);
  EXPECT_EQ(cache.Find("x").count, 0u);
}

TEST(WordCache, DoesNotKeepWhatHasNoRoom) {
  WordCache cache;
  const std::string longest(30, 'a');
  cache.Store(longest, Tokens(8, 1));
  EXPECT_EQ(Known(cache, longest), Tokens(8, 1));
  cache.Store(longest + "a", Tokens{1});
  cache.Store("a", Tokens(9, 1));
  EXPECT_EQ(cache.Find(longest + "a").tokens, nullptr);
  EXPECT_EQ(cache.Find("a").tokens, nullptr);
}

TEST(WordCache, ForgetsWordsButNeverMistakesThem) {
  WordCache cache;
  constexpr int kWords = 300'000;
  for (int i = 0; i < kWords; ++i) cache.Store(std::to_string(i), Tokens{i});
  int known = 0;
  for (int i = 0; i < kWords; ++i) {
    const Tokens tokens = Known(cache, std::to_string(i));
    if (tokens.empty()) continue;
    ASSERT_EQ(tokens, Tokens{i});
    ++known;
  }
  EXPECT_GT(known, 50'000);
  EXPECT_LE(known, 65'536);
}

}  // namespace
}  // namespace upcycle
