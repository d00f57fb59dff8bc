#include "results/plots/svg_page.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/results/plots/xml_reader.h"

namespace upcycle {
namespace {

TEST(Coordinate, IsAsShortAsItCanBe) {
  EXPECT_EQ(Coordinate(1), "1");
  EXPECT_EQ(Coordinate(1.5), "1.5");
  EXPECT_EQ(Coordinate(1.005), "1");
  EXPECT_EQ(Coordinate(-0.001), "0");
  EXPECT_EQ(Coordinate(100), "100");
}

TEST(SvgPage, IsXmlWhateverTheTextsAre) {
  const std::string hostile = "</text></svg><script>alert(1)</script>&\"'\x01\xFF";
  SvgPage page(10, 20, hostile, hostile);
  page.Text(1, 2, hostile, "#000000", 9, Anchor::kEnd, hostile, true);
  page.Rectangle(0, 0, 1, 1, "#ffffff", hostile);
  page.Target(1, 1, 2, hostile);
  page.BeginBox(1, 2, 3, 4);
  page.Path("M0 0L1 1", {"#000000", 1, "2 2"}, "none", 1, 1, hostile);
  page.EndBox();
  const auto tree = ReadXml(std::move(page).Finish());
  EXPECT_TRUE(TextsOf(tree, "script").empty());
  const std::string shown = "</text></svg><script>alert(1)</script>&\"'\xEF\xBF\xBD\xEF\xBF\xBD";
  EXPECT_EQ(TextsOf(tree, "text"), (std::vector<std::string>{shown}));
  EXPECT_EQ(TextsOf(tree, "title"), (std::vector<std::string>(5, shown)));
}

}  // namespace
}  // namespace upcycle
