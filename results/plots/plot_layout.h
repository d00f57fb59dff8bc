// Where everything of a plot lies on its page: ranges, ticks, panels, legend. In pixels, of which
// an inch has 96; the origin is at the top left.
#pragma once

#include <string>
#include <vector>

#include "results/plots/axis_ticks.h"
#include "results/plots/plot.h"

namespace upcycle {

// 7.5 and 6.75 points, as captions and notes of papers have them.
inline constexpr double kTextSize = 10;
inline constexpr double kSmallSize = 9;

struct Box {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;

  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

struct PanelLayout {
  Box frame;  // what axes enclose
  Range x, y;
  Ticks x_ticks, y_ticks;
  bool shows_y = true;  // labels at the ticks, and the axis's title
  bool shows_x_title = true;
  double page_width = 0;
  double label_width = 0;  // room for labels on the left of the frame
};

// What one line of the legend is for: a series or a mark.
struct LegendEntry {
  std::string name;
  size_t style = 0;
  Stroke stroke = Stroke::kLine;
  bool is_mark = false;
  bool hollow = false;
  double left = 0;
  double middle = 0;  // the y of its line
  double width = 0;
};
inline constexpr double kSampleWidth = 30;  // in front of an entry's name

struct PlotLayout {
  double width = 0;
  double height = 0;
  std::vector<std::vector<PanelLayout>> rows;  // as the plot has them
  std::vector<LegendEntry> legend;
  Box shades;  // the bar of the shades, if there is one
};

// On a page of this width, as high as it has to be.
PlotLayout LayOut(const Plot& plot, double width);

// Where a value lies between the ends of a range, 0 at the low one.
double ShareOf(double value, const Range& range, Scale scale);

}  // namespace upcycle
