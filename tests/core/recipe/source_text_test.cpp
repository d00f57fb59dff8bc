#include "core/recipe/source_text.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(FindUnreadable, IsTheFirstByteThatIsNoText) {
  EXPECT_EQ(FindUnreadable("aé€😀\t\r\n"), 13u);
  EXPECT_EQ(FindUnreadable("a\x80"), 1u);     // a continuation without a lead
  EXPECT_EQ(FindUnreadable("\xc0\xaf"), 0u);  // longer than it needs to be
  EXPECT_EQ(FindUnreadable("\xe0\x80\xaf"), 0u);
  EXPECT_EQ(FindUnreadable("\xed\xa0\x80"), 0u);      // a surrogate
  EXPECT_EQ(FindUnreadable("\xf4\x90\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(FindUnreadable("ab\xe2\x82"), 2u);        // cut off
  EXPECT_EQ(FindUnreadable("a\rb"), 1u);
}

TEST(FindUnreadable, IsTheControlCharacterOrTheBadByteThatComesFirst) {
  EXPECT_EQ(FindUnreadable("a\x1b\xff"), 1u);
  EXPECT_EQ(FindUnreadable("a\xff\x1b"), 1u);
  EXPECT_EQ(FindUnreadable("a\x7f"), 1u);
}

}  // namespace
}  // namespace upcycle
