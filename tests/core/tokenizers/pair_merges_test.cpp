#include "core/tokenizers/pair_merges.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

Tokens Merged(const PairMerges& merges, Tokens tokens) {
  MergeMemory memory;
  merges.Apply(tokens, memory);
  return tokens;
}

// The definition, one pair after the other.
Tokens MergedSlowly(const PairMerges& merges, Tokens tokens) {
  while (true) {
    const PairMerge* best = nullptr;
    size_t place = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const PairMerge* merge = merges.Find(tokens[i], tokens[i + 1]);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) {
        best = merge, place = i;
      }
    }
    if (best == nullptr) return tokens;
    tokens[place] = best->token;
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(place) + 1);
  }
}

// Merges of letters 0, 1, 2 into longer tokens, several of one rank.
PairMerges SomeMerges() {
  PairMerges merges;
  merges.Set(0, 1, {0, 3});
  merges.Set(1, 0, {1, 4});
  merges.Set(3, 3, {2, 5});
  merges.Set(0, 0, {3, 6});
  merges.Set(6, 6, {3, 7});
  merges.Set(7, 7, {4, 8});
  merges.Set(2, 3, {4, 9});
  merges.Set(6, 0, {5, 10});
  return merges;
}

TEST(PairMerges, TheLowestRankGoesFirst) {
  EXPECT_EQ(Merged(SomeMerges(), {1, 0, 1}), (Tokens{1, 3}));
}

TEST(PairMerges, OfEqualRanksTheLeftmostGoesFirst) {
  EXPECT_EQ(Merged(SomeMerges(), {0, 0, 0}), (Tokens{10}));
  EXPECT_EQ(Merged(SomeMerges(), {0, 0, 0, 2}), (Tokens{10, 2}));
}

TEST(PairMerges, TheLaterOfTwoMergesOfAPairHolds) {
  PairMerges merges = SomeMerges();
  merges.Set(0, 1, {9, 2});
  EXPECT_EQ(Merged(merges, {0, 1}), (Tokens{2}));
}

TEST(PairMerges, WordsOfAnyLengthFollowTheDefinition) {
  const PairMerges merges = SomeMerges();
  for (const size_t size : {0u, 1u, 2u, 7u, 63u, 64u, 65u, 66u, 300u}) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      const RandomStream random(seed, "pair_merges_test");
      Tokens tokens;
      for (size_t i = 0; i < size; ++i) {
        tokens.push_back(static_cast<int32_t>(random.Below(i, 3)));
      }
      EXPECT_EQ(Merged(merges, tokens), MergedSlowly(merges, tokens));
    }
  }
}

TEST(PairMerges, FindsAmongManyPairs) {
  PairMerges merges;
  for (int32_t i = 0; i < 5000; ++i) merges.Set(i, i * 7 % 5000, {static_cast<uint32_t>(i), i + 1});
  for (int32_t i = 0; i < 5000; ++i) {
    ASSERT_NE(merges.Find(i, i * 7 % 5000), nullptr);
    EXPECT_EQ(merges.Find(i, i * 7 % 5000)->token, i + 1);
    EXPECT_EQ(merges.Find(i, (i * 7 + 1) % 5000), nullptr);
  }
}

}  // namespace
}  // namespace upcycle
