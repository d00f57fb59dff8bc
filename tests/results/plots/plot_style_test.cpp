#include "results/plots/plot_style.h"

#include <cmath>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

// Relative luminance (ITU-R BT.709 on linear sRGB), from 0 to 1.
double Luminance(std::string_view colour) {
  const auto channel = [&](size_t at) {
    const double share = std::stoi(std::string(colour.substr(at, 2)), nullptr, 16) / 255.0;
    return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

double Contrast(std::string_view a, std::string_view b) {
  const double x = Luminance(a) + 0.05, y = Luminance(b) + 0.05;
  return std::max(x, y) / std::min(x, y);
}

TEST(StyleOf, ComesNearerToThePaperInLuminanceColourByColour) {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const std::string_view paper = ColoursOf(theme).paper;
    for (size_t i = 1; i < 7; ++i) {
      EXPECT_LT(Contrast(StyleOf(i, theme).colour, paper),
                Contrast(StyleOf(i - 1, theme).colour, paper))
          << i;
    }
  }
}

// Success criteria 1.4.3 and 1.4.11 of WCAG 2.2: text 4.5 to 1, lines and marks 3 to 1.
TEST(StyleOf, StandsOutFromThePaperAsTextAndLinesHaveTo) {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const PageColours page = ColoursOf(theme);
    EXPECT_GE(Contrast(page.ink, page.paper), 4.5);
    EXPECT_GE(Contrast(page.faint, page.paper), 3);
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_GE(Contrast(StyleOf(i, theme).colour, page.paper), 3) << i;
    }
  }
}

TEST(StyleOf, TellsTwentyEightApartByLineAndNeighboursWithoutColour) {
  std::set<std::tuple<std::string_view, std::string_view>> lines;
  for (size_t i = 0; i < 28; ++i) {
    const Style style = StyleOf(i, Theme::kLight), next = StyleOf(i + 1, Theme::kLight);
    EXPECT_TRUE(lines.emplace(style.colour, style.dash).second) << i;
    EXPECT_NE(style.dash, next.dash);
    EXPECT_NE(style.marker, next.marker);
  }
}

TEST(StyleOf, TellsSixteenApartByMarkerWithoutColour) {
  std::set<std::tuple<size_t, bool>> markers;
  for (size_t i = 0; i < 16; ++i) {
    const Style style = StyleOf(i, Theme::kLight);
    EXPECT_TRUE(markers.emplace(style.marker, style.hollow).second) << i;
  }
}

TEST(MarkerPath, IsAnotherForEachMarker) {
  std::set<std::string> paths;
  for (size_t i = 0; i < kMarkers; ++i) EXPECT_TRUE(paths.insert(MarkerPath(i, 3)).second) << i;
}

TEST(ShadeOf, GoesAwayFromThePaperAllTheWay) {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const std::string_view paper = ColoursOf(theme).paper;
    for (int i = 1; i <= 20; ++i) {
      EXPECT_GT(Contrast(ShadeOf(i / 20.0, theme), paper),
                Contrast(ShadeOf((i - 1) / 20.0, theme), paper));
    }
    EXPECT_EQ(ShadeOf(-3, theme), ShadeOf(0, theme));
    EXPECT_EQ(ShadeOf(7, theme), ShadeOf(1, theme));
  }
}

}  // namespace
}  // namespace upcycle
