#include "results/plots/text_width.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace upcycle {
namespace {

TEST(TextWidth, KnowsNarrowLettersFromWideOnes) {
  EXPECT_DOUBLE_EQ(TextWidth(""), 0);
  EXPECT_DOUBLE_EQ(TextWidth("iW"), 0.278 + 0.989);
  EXPECT_DOUBLE_EQ(TextWidth("中"), 1);
  EXPECT_DOUBLE_EQ(TextWidth("\xFF\x01"), 1.4);
}

TEST(Shortened, LeavesWhatFits) {
  EXPECT_EQ(Shortened("E8T2 copies", 100), "E8T2 copies");
  EXPECT_EQ(Shortened("", 0), "");
}

TEST(Shortened, KeepsBothEndsWithinTheWidth) {
  const std::string name = "softmax before top-k, learning rate 0.003";
  const std::string shown = Shortened(name, 12);
  EXPECT_LE(TextWidth(shown), 12.0);
  EXPECT_TRUE(shown.starts_with("softmax"));
  EXPECT_TRUE(shown.ends_with("0.003"));
  EXPECT_NE(shown.find("…"), std::string::npos);
}

TEST(Shortened, CutsNoCharacterInTwo) {
  std::string name;
  for (int i = 0; i < 30; ++i) name += "中ä";
  for (double width = 1; width < 30; width += 0.7) {
    const std::string shown = Shortened(name, width);
    EXPECT_EQ(ValidUtf8Prefix(shown), shown.size()) << width;
    EXPECT_LE(TextWidth(shown), width);
  }
}

}  // namespace
}  // namespace upcycle
