#include "results/plots/draw_svg.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "results/plots/plot_layout.h"
#include "results/plots/text_width.h"
#include "tests/results/plots/xml_reader.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Series Line(std::string name, size_t style, std::vector<Spot> spots) {
  return {.name = std::move(name), .style = style, .spots = std::move(spots)};
}

Plot Curves(const std::vector<std::string>& names) {
  Panel panel = {.x = {.label = "tokens"}, .y = {.label = "validation/loss", .unit = "nats"}};
  for (size_t i = 0; i < names.size(); ++i) {
    const auto height = static_cast<double>(i);
    panel.series.push_back(Line(names[i], i, {{0, height, "here"}, {2e6, height + 1}}));
    panel.bands.push_back({i, {{0, height - .1, height + .1}, {2e6, height + .9, height + 1.1}}});
  }
  Plot plot = {.name = "study: validation/loss", .caption = "Lines: means."};
  plot.rows.push_back({panel});
  return plot;
}

Plot Forest(const std::vector<std::string>& names) {
  Panel panel = {.x = {.label = "difference"}, .rules = {{0, true}}};
  for (size_t i = 0; i < names.size(); ++i) {
    panel.y.categories.push_back(names[i]);
    panel.remarks.push_back("inconclusive");
    panel.marks.push_back({.spot = {0.01 * static_cast<double>(i), static_cast<double>(i), "row"},
                           .half_width = 0.02,
                           .along_x = true});
  }
  Plot plot = {.name = "study: differences", .caption = "Marks."};
  plot.rows.push_back({panel});
  return plot;
}

bool Contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

TEST(DrawSvg, HasAxesWithUnitsALegendAndWordsUnderThePointer) {
  const auto tree = ReadXml(DrawSvg(Curves({"continued dense", "E8T2"})));
  const auto texts = TextsOf(tree, "text");
  for (const char* text : {"tokens (×10⁶)", "validation/loss (nats)", "continued dense", "E8T2"}) {
    EXPECT_TRUE(Contains(texts, text)) << text;
  }
  const auto titles = TextsOf(tree, "title");
  EXPECT_EQ(titles.front(), "study: validation/loss");
  EXPECT_EQ(std::ranges::count(titles, "here"), 2);
  EXPECT_EQ(TextsOf(tree, "desc"), (std::vector<std::string>{"Lines: means."}));
}

TEST(DrawSvg, GivesEqualBytesForEqualPlotsAndNamesNoElement) {
  const std::string drawn = DrawSvg(Curves({"a", "b"}));
  EXPECT_EQ(drawn, DrawSvg(Curves({"a", "b"})));
  EXPECT_NE(drawn, DrawSvg(Curves({"a", "c"})));
  EXPECT_NE(drawn, DrawSvg(Curves({"a", "b"}), {.theme = Theme::kDark}));
  EXPECT_FALSE(Says(drawn, " id=")) << "two drawings in one page would share it";
}

TEST(DrawSvg, StaysADrawingWhateverItsNamesAre) {
  const std::vector<std::string> names = {"</svg><script>alert(1)</script>",
                                          "`rm -rf /` $(id) @PATH",
                                          "\x1B]0;title\x07",
                                          "\xFF\xFE\xC0",
                                          "\"' onload=\"alert(1)",
                                          std::string(5000, 'W'),
                                          "&amp; &#x3c; ]]>",
                                          ""};
  for (const std::string& drawn : {DrawSvg(Curves(names)), DrawSvg(Forest(names))}) {
    const auto tree = ReadXml(drawn);
    EXPECT_TRUE(TextsOf(tree, "script").empty());
    EXPECT_TRUE(Contains(TextsOf(tree, "text"), "`rm -rf /` $(id) @PATH"));
    EXPECT_TRUE(Contains(TextsOf(tree, "text"), "&amp; &#x3c; ]]>"));
    EXPECT_TRUE(Contains(TextsOf(tree, "title"), std::string(5000, 'W'))) << "in full on request";
    for (const auto& [name, child] : tree.get_child("svg")) {
      EXPECT_EQ(child.get<std::string>("<xmlattr>.onload", "none"), "none");
    }
  }
}

TEST(DrawSvg, LeavesOutWhatIsNoNumberAndBoundsWhatIsTooLarge) {
  Plot plot = Curves({"a"});
  Panel& panel = plot.rows[0][0];
  panel.series[0].spots = {{0, 1}, {1, kNaN}, {2, 1e308}, {3, -1e308}, {4, kInfinity}};
  panel.marks = {{.spot = {kNaN, 1}}, {.spot = {1, 2}, .half_width = kInfinity}};
  const std::string drawn = DrawSvg(plot);
  EXPECT_FALSE(Says(drawn, "nan"));
  EXPECT_FALSE(Says(drawn, "inf"));
  panel.series[0].spots.clear();
  panel.bands.clear();
  panel.marks.clear();
  EXPECT_FALSE(Says(DrawSvg(plot), "nan")) << "nothing is there to be shown";
}

TEST(DrawSvg, ALogarithmShowsOnlyWhatIsAboveZero) {
  Plot plot = Curves({"a"});
  Panel& panel = plot.rows[0][0];
  panel.x.scale = panel.y.scale = Scale::kLogarithmic;
  panel.bands.clear();
  panel.series[0].spots = {{-1, 1}, {0, 1}, {1, 0}, {1, 10}, {100, 1}};
  panel.marks = {{.spot = {10, 2}, .half_width = 5}};  // its lower end is below 0
  EXPECT_FALSE(Says(DrawSvg(plot), "nan"));
}

TEST(DrawSvg, IsNoLargerForAMillionPoints) {
  Plot plot = Curves({"a"});
  std::vector<Spot>& spots = plot.rows[0][0].series[0].spots;
  spots.clear();
  for (int i = 0; i < 1000000; ++i) spots.push_back({double(i), std::sin(i * 0.1), "x"});
  EXPECT_LT(DrawSvg(plot).size(), 100000u);
}

Plot Heat(int rows, int columns) {
  Panel panel = {.x = {.label = "tokens"}, .y = {.label = "expert"}};
  for (int row = 0; row < rows; ++row) {
    HeatRow& made =
        panel.heat.emplace_back(HeatRow{{row - 0.5, row + 0.5}, fmt::format("expert {}", row), {}});
    for (int i = 0; i < columns; ++i) {
      made.cells.push_back({{double(i), i + 1.0}, 0.25 + (i * 7 + row * 5) % 16 / 4.0});
    }
  }
  Plot plot = {.name = "study: load", .caption = "Cells.", .rows = {}, .shades = Shades{}};
  plot.shades->range = {0.25, 4};
  plot.rows.push_back({panel});
  return plot;
}

TEST(DrawSvg, DrawsThousandsOfCellsSmallAndNamesTheirRows) {
  const std::string drawn = DrawSvg(Heat(125, 48));
  EXPECT_LT(drawn.size(), 140000u) << "6,000 cells, none like its neighbour";
  const auto titles = TextsOf(ReadXml(drawn), "title");
  EXPECT_EQ(std::ranges::count(titles, "expert 124"), 1);
  EXPECT_EQ(drawn, DrawSvg(Heat(125, 48)));
}

TEST(DrawSvg, JoinsNeighbouringCellsOfOneShadeButNotOverAGap) {
  Plot plot = Heat(1, 0);
  std::vector<HeatCell>& cells = plot.rows[0][0].heat[0].cells;
  const auto strokes = [&] {
    const std::string drawn = DrawSvg(plot);
    const std::string path = drawn.substr(drawn.find("d=\"") + 3);  // all cells have one shade
    return std::ranges::count(path.substr(0, path.find('"')), 'h');
  };
  cells = {{{0, 1}, 1}, {{1, 2}, 1}, {{2, 3}, 1}};
  EXPECT_EQ(strokes(), 1);
  cells = {{{0, 1}, 1}, {{1.5, 2}, 1}, {{2, 3}, 1}};
  EXPECT_EQ(strokes(), 2);
}

// Whether boxes of text do not overlap: no two lines of the legend share a place on the page.
TEST(LayOut, KeepsTheLegendWithinThePageAndItsNamesApart) {
  for (const double width : {kColumnWidth, kPageWidth}) {
    std::vector<std::string> names;
    for (int i = 0; i < 12; ++i) {
      names.push_back(fmt::format("softmax before top-k, learning rate 0.00{}", i));
    }
    names.emplace_back(200, 'x');
    const PlotLayout layout = LayOut(Curves(names), width);
    ASSERT_EQ(layout.legend.size(), names.size());
    for (const LegendEntry& entry : layout.legend) {
      EXPECT_GE(entry.left, 0);
      EXPECT_LE(entry.left + entry.width, width);
      EXPECT_LT(entry.middle, layout.height);
      for (const LegendEntry& other : layout.legend) {
        if (&other == &entry || other.middle != entry.middle) continue;
        EXPECT_TRUE(entry.left + entry.width <= other.left ||
                    other.left + other.width <= entry.left);
      }
    }
  }
}

TEST(LayOut, LeavesRoomForNamesOfRowsAndForThePlot) {
  const PlotLayout layout = LayOut(Forest({std::string(300, 'm'), "b"}), kColumnWidth);
  const Box& frame = layout.rows[0][0].frame;
  EXPECT_GT(frame.left, layout.rows[0][0].label_width);
  EXPECT_GT(frame.width, 80);
  EXPECT_LE(frame.right() + TextWidth("inconclusive") * kSmallSize, kColumnWidth);
}

TEST(LayOut, LabelsOfTicksStandApart) {
  Plot plot = Curves({"a"});
  for (const double high : {1.0, 0.0123456, 97531.0, 1e15}) {
    plot.rows[0][0].x.range = Range{0, high};
    const PanelLayout panel = LayOut(plot, kColumnWidth).rows[0][0];
    double widest = 0, labels = 0;
    for (const Tick& tick : panel.x_ticks.ticks) {
      widest = std::max(widest, TextWidth(tick.label) * kSmallSize), ++labels;
    }
    EXPECT_GE(labels, 2);
    EXPECT_LT((labels - 1) * widest, panel.frame.width) << high;
  }
}

}  // namespace
}  // namespace upcycle
