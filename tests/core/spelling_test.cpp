#include "core/spelling.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(EditDistance, CountsEachKindOfEditOnce) {
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", "abc"), 0u);
  EXPECT_EQ(EditDistance("abc", "abxc"), 1u);
  EXPECT_EQ(EditDistance("abc", "ac"), 1u);
  EXPECT_EQ(EditDistance("abc", "axc"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(EditDistance("heads", "haeds"), 1u);
  EXPECT_EQ(EditDistance("ca", "abc"), 3u);  // no second edit between swapped letters
}

TEST(ClosestWord, FindsMisspeltWords) {
  const std::vector<std::string> words = {"heads", "kv_heads", "width", "ffn_width"};
  EXPECT_EQ(ClosestWord("haeds", words), "heads");
  EXPECT_EQ(ClosestWord("widht", words), "width");
  EXPECT_EQ(ClosestWord("ffn-width", words), "ffn_width");
  EXPECT_EQ(ClosestWord("KVHeads", words), "kv_heads");
}

TEST(ClosestWord, FindsTheWordThatBeginsSo) {
  EXPECT_EQ(ClosestWord("capacity", {"top_k", "capacity_factor"}), "capacity_factor");
}

TEST(ClosestWord, PrefersTheFirstOfEquals) {
  EXPECT_EQ(ClosestWord("beta3", {"beta1", "beta2"}), "beta1");
}

TEST(ClosestWord, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(ClosestWord("colour", {"width", "heads"}), std::nullopt);
  EXPECT_EQ(ClosestWord("x", {"y"}), std::nullopt);
  EXPECT_EQ(ClosestWord("", {"y"}), std::nullopt);
  EXPECT_EQ(ClosestWord(std::string(100000, 'a'), {"aaaa"}), std::nullopt);
}

TEST(DidYouMean, EndsASentenceEitherWay) {
  EXPECT_EQ(DidYouMean("haeds", {"heads"}), "; did you mean \"heads\"?");
  EXPECT_EQ(DidYouMean("colour", {"width", "heads"}), ".");
}

}  // namespace
}  // namespace upcycle
