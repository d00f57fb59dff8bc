// A plot between the numbers and the page: axes with units and what lies between them. It knows
// neither ledger nor pixels: results/plots/*_plot build it, DrawSvg (draw_svg.h) draws it.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace upcycle {

struct Range {
  double low = 0;
  double high = 0;
};

enum class Scale { kLinear, kLogarithmic };

struct Axis {
  std::string label = {};  // "validation/loss"
  std::string unit = {};   // "nats"; empty: a pure number
  Scale scale = Scale::kLinear;
  std::optional<Range> range = {};  // what is shown; empty: all there is, with room around it
  bool whole = false;               // only whole numbers have ticks
  // Names of rows in place of numbers: row i is at i, and 0 is on top.
  std::vector<std::string> categories = {};
};

// `title` is what a pointer over it is told; empty: nothing.
struct Spot {
  double x = 0;
  double y = 0;
  std::string title = {};
};

enum class Stroke {
  kLine,
  kThin,  // one seed beneath the mean of all
  kFit,   // a law, not a measurement
};

// A curve, by rising x. Equal styles look equal; style 0 is the baseline's.
struct Series {
  std::string name = {};  // in the legend; empty: it is not there
  size_t style = 0;
  Stroke stroke = Stroke::kLine;
  std::vector<Spot> spots = {};
};

struct BandSpot {
  double x = 0;
  double lower = 0;
  double upper = 0;
};

// What a curve may lie within, by rising x.
struct Band {
  size_t style = 0;
  std::vector<BandSpot> spots = {};
};

// A single value with its interval, to both sides along the x axis or along the y axis.
struct Mark {
  std::string name = {};  // in the legend; empty: it is not there
  size_t style = 0;
  Spot spot = {};
  double half_width = std::numeric_limits<double>::quiet_NaN();  // NaN: it has none
  bool along_x = false;
  bool hollow = false;  // nothing was decided
};

struct HeatCell {
  Range x;
  double value = 0;
};

// Cells beside each other, by rising x.
struct HeatRow {
  Range y;
  std::string title = {};  // of all its cells: words for each would be most of a drawing
  std::vector<HeatCell> cells = {};
};

// Values of heat cells as shades: what is beyond the range has the range's last shade.
struct Shades {
  std::string label;
  Range range;
  Scale scale = Scale::kLinear;
  std::vector<double> labels = {};  // values that are written beside the bar
};

// A straight line across the panel.
struct Rule {
  double at = 0;
  bool vertical = false;
};

struct Panel {
  std::string title = {};
  Axis x = {};
  Axis y = {};
  std::vector<HeatRow> heat = {};
  std::vector<Rule> rules = {};
  std::vector<Band> bands = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};
  std::vector<std::string> remarks = {};  // behind the rows of y.categories, one for each; or none
};

struct Plot {
  std::string name;     // "routing, loss curves"
  std::string caption;  // what lines, bands and marks mean, in sentences
  // From the top, and in each row from the left. Panels in a row share their y axis, which the
  // first of them shows; only the last row has titles of x axes.
  std::vector<std::vector<Panel>> rows = {};
  std::optional<Shades> shades = {};
};

}  // namespace upcycle
