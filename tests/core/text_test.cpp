#include "core/text.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(Text, IsTrimmedAtBothEndsAndNotWithin) {
  EXPECT_EQ(TrimmedText(" \ta b\r\n"), "a b");
  EXPECT_EQ(TrimmedText("a"), "a");
  EXPECT_EQ(TrimmedText(" \r\n\t"), "");
  EXPECT_EQ(TrimmedText(""), "");
}

TEST(Text, NamesTheFirstAndCountsTheRest) {
  EXPECT_EQ(FirstNames({"copy", "groups"}, 2), "copy, groups");
  EXPECT_EQ(FirstNames({"copy", "groups", "drop"}, 2), "copy, groups and 1 more");
  EXPECT_EQ(FirstNames({"copy", "groups", "drop"}, 1), "copy and 2 more");
  EXPECT_EQ(FirstNames({}, 2), "");
  EXPECT_EQ(FirstNames({"after, std 0.2", "before"}), "after, std 0.2; before");
  EXPECT_EQ(FirstNames({"after, std 0.2"}), "after, std 0.2");
  EXPECT_EQ(FirstNames({"\"k=1, n=2\"", "\"k=2\""}), "\"k=1, n=2\", \"k=2\"");
}

}  // namespace
}  // namespace upcycle
