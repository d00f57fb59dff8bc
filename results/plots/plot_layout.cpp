#include "results/plots/plot_layout.h"

#include <algorithm>
#include <cmath>

#include "results/plots/text_width.h"

namespace upcycle {
namespace {

constexpr double kEdge = 6;      // of the page
constexpr double kGap = 14;      // between panels
constexpr double kTickRoom = 6;  // of a tick and the blank behind it
constexpr double kLine = 13;     // of text
constexpr double kBetweenLabels = 12;
constexpr double kXTitle = 10;       // what the title of an x axis takes below its labels
constexpr double kRowHeight = 16;    // of a category
constexpr double kNameShare = 0.42;  // of the page, that names of rows may take
constexpr double kLikeAPage = 0.62;  // height over width of a panel
constexpr double kRoomAround = 0.05;
constexpr double kLargest = 1e300;       // beyond, a difference of two values may not be finite
constexpr double kSmallestSpan = 1e-12;  // of the largest value

// The ends of what is drawn along one axis.
struct Extent {
  Range range = {kLargest, -kLargest};
  bool positive_only = false;

  void Add(double value) {
    if (!std::isfinite(value) || (positive_only && value <= 0)) return;
    const double bounded = std::clamp(value, -kLargest, kLargest);
    range.low = std::min(range.low, bounded);
    range.high = std::max(range.high, bounded);
  }
};

Range WithRoom(Range range, Scale scale) {
  if (range.low > range.high) return scale == Scale::kLogarithmic ? Range{1, 10} : Range{0, 1};
  const double size = std::max(std::fabs(range.low), std::fabs(range.high));
  if (size < 1 / kLargest) return {-1, 1};
  if (range.high - range.low < kSmallestSpan * size) {
    return {range.low - kRoomAround * size, range.high + kRoomAround * size};
  }
  if (scale == Scale::kLogarithmic) {
    const double factor = std::pow(range.high / range.low, kRoomAround);
    return {range.low / factor, range.high * factor};
  }
  const double room = kRoomAround * (range.high - range.low);
  return {range.low - room, range.high + room};
}

Range RangeOf(const Axis& axis, Extent extent) {
  if (!axis.categories.empty()) return {-0.5, static_cast<double>(axis.categories.size()) - 0.5};
  return axis.range ? *axis.range : WithRoom(extent.range, axis.scale);
}

struct Extents {
  Extent x, y;
};

Extents ExtentsOf(const Panel& panel) {
  Extents found;
  found.x.positive_only = panel.x.scale == Scale::kLogarithmic;
  found.y.positive_only = panel.y.scale == Scale::kLogarithmic;
  const auto add = [&](double x, double y) { found.x.Add(x), found.y.Add(y); };
  for (const Series& series : panel.series) {
    for (const Spot& spot : series.spots) add(spot.x, spot.y);
  }
  for (const Band& band : panel.bands) {
    for (const BandSpot& spot : band.spots) add(spot.x, spot.lower), add(spot.x, spot.upper);
  }
  for (const Mark& mark : panel.marks) {
    const double half = std::isfinite(mark.half_width) ? mark.half_width : 0;
    for (const double side : {-half, half}) {
      add(mark.spot.x + (mark.along_x ? side : 0), mark.spot.y + (mark.along_x ? 0 : side));
    }
  }
  for (const HeatRow& row : panel.heat) {
    for (const HeatCell& cell : row.cells) add(cell.x.low, row.y.low), add(cell.x.high, row.y.high);
  }
  for (const Rule& rule : panel.rules) (rule.vertical ? found.x : found.y).Add(rule.at);
  return found;
}

double WidestLabel(const Ticks& ticks) {
  double widest = 0;
  for (const Tick& tick : ticks.ticks) widest = std::max(widest, TextWidth(tick.label));
  return widest * kSmallSize;
}

// Whether neighbouring labels along an axis of this length stand apart.
bool StandApart(const Ticks& ticks, const Axis& axis, const Range& range, double length) {
  double free_from = -kLargest;
  for (const Tick& tick : ticks.ticks) {
    if (tick.label.empty()) continue;
    const double middle = ShareOf(tick.at, range, axis.scale) * length;
    const double half = TextWidth(tick.label) * kSmallSize / 2;
    if (middle - half < free_from) return false;
    free_from = middle + half + kBetweenLabels;
  }
  return true;
}

// As many labels as stand apart.
Ticks TicksAlong(const Axis& axis, const Range& range, double length) {
  for (int most = std::max(3, static_cast<int>(length / 40)); most > 1; --most) {
    Ticks ticks = TicksOf(axis, range, most);
    if (StandApart(ticks, axis, range, length)) return ticks;
  }
  return TicksOf(axis, range, 1);
}

double HeightOf(const Panel& panel, double width, bool alone) {
  if (!panel.y.categories.empty()) {
    return kRowHeight * static_cast<double>(panel.y.categories.size()) + 4;
  }
  return alone ? kLikeAPage * width : std::clamp(0.8 * width, 70.0, 150.0);
}

double RemarksWidth(const Panel& panel) {
  double widest = 0;
  for (const std::string& remark : panel.remarks) widest = std::max(widest, TextWidth(remark));
  return widest == 0 ? 0 : widest * kSmallSize + 8;
}

class Layouter {
 public:
  Layouter(const Plot& plot, double width) : plot_(plot) {
    layout_.width = width;
    for (const auto& row : plot.rows) columns_ = std::max(columns_, row.size());
    alone_ = columns_ == 1 && plot.rows.size() == 1;
  }

  PlotLayout Run() {
    for (const auto& row : plot_.rows) {
      auto& places = layout_.rows.emplace_back();
      for (const Panel& panel : row) places.push_back(RangesOf(panel));
    }
    for (size_t row = 0; row < plot_.rows.size(); ++row) MakeMargins(row);
    label_width_ = std::min(label_width_, kNameShare * layout_.width);
    double top = kEdge;
    for (size_t row = 0; row < plot_.rows.size(); ++row) top = PlaceRow(row, top);
    top += kXTitle;
    if (plot_.shades) top = PlaceShades(top);
    layout_.height = PlaceLegend(top) + kEdge;
    return std::move(layout_);
  }

 private:
  static PanelLayout RangesOf(const Panel& panel) {
    const Extents extents = ExtentsOf(panel);
    PanelLayout placed;
    placed.x = RangeOf(panel.x, extents.x);
    placed.y = RangeOf(panel.y, extents.y);
    return placed;
  }

  // Labels of y ticks are chosen for a height near the final one, which depends on their width.
  void MakeMargins(size_t row) {
    for (size_t i = 0; i < plot_.rows[row].size(); ++i) {
      const Panel& panel = plot_.rows[row][i];
      PanelLayout& placed = layout_.rows[row][i];
      const double height =
          HeightOf(panel, 0.8 * layout_.width / static_cast<double>(columns_), alone_);
      placed.y_ticks = TicksOf(panel.y, placed.y, std::max(2, static_cast<int>(height / 25)));
      placed.shows_y = i == 0;
      placed.shows_x_title = row + 1 == plot_.rows.size();
      remarks_width_ = std::max(remarks_width_, RemarksWidth(panel));
      if (!placed.shows_y) continue;
      label_width_ = std::max(label_width_, WidestLabel(placed.y_ticks));
      if (!panel.y.label.empty()) title_width_ = kLine + 3;
    }
  }

  double PlaceRow(size_t row, double top) {
    const double left = kEdge + title_width_ + label_width_ + kTickRoom;
    const double right = kEdge + std::max(remarks_width_, 10.0);
    const auto columns = static_cast<double>(columns_);
    const double width = (layout_.width - left - right - (columns - 1) * kGap) / columns;
    bool titled = false;
    double height = 0;
    for (const Panel& panel : plot_.rows[row]) {
      titled |= !panel.title.empty();
      height = std::max(height, HeightOf(panel, width, alone_));
    }
    if (titled) top += kLine + 2;
    for (size_t i = 0; i < plot_.rows[row].size(); ++i) {
      PanelLayout& placed = layout_.rows[row][i];
      placed.frame = {left + static_cast<double>(i) * (width + kGap), top, width, height};
      placed.label_width = label_width_;
      placed.page_width = layout_.width;
      placed.x_ticks = TicksAlong(plot_.rows[row][i].x, placed.x, width);
    }
    return top + height + kTickRoom + kLine;
  }

  double PlaceShades(double top) {
    const double width = std::min(180.0, 0.5 * layout_.width);
    layout_.shades = {layout_.width - width - kEdge - 10, top + 8, width, 8};
    return top + 16 + kTickRoom + kLine;
  }

  void AddEntry(LegendEntry entry) {
    const auto same = [&](const LegendEntry& other) {
      return other.name == entry.name && other.style == entry.style &&
             other.is_mark == entry.is_mark && other.stroke == entry.stroke;
    };
    if (!entry.name.empty() && std::ranges::none_of(layout_.legend, same)) {
      layout_.legend.push_back(std::move(entry));
    }
  }

  void AddEntriesOf(const Panel& panel) {
    for (const Series& series : panel.series) {
      AddEntry({.name = series.name, .style = series.style, .stroke = series.stroke});
    }
    for (const Mark& mark : panel.marks) {
      AddEntry({.name = mark.name, .style = mark.style, .is_mark = true, .hollow = mark.hollow});
    }
  }

  double PlaceLegend(double top) {
    for (const auto& row : plot_.rows) {
      for (const Panel& panel : row) AddEntriesOf(panel);
    }
    if (layout_.legend.empty()) return top;
    top += kTickRoom;
    double widest = 0;
    for (const LegendEntry& entry : layout_.legend) {
      widest = std::max(widest, TextWidth(entry.name) * kSmallSize + kSampleWidth + kGap);
    }
    const double room = layout_.width - 2 * kEdge;
    const size_t entries = layout_.legend.size();
    const size_t columns = std::clamp<size_t>(static_cast<size_t>(room / widest), 1, 4);
    const size_t rows = (entries + columns - 1) / columns;
    const double width = std::min(room, widest);
    for (size_t i = 0; i < entries; ++i) {
      LegendEntry& entry = layout_.legend[i];
      entry.left = kEdge + static_cast<double>(i / rows) * width;
      entry.middle = top + kLine * (static_cast<double>(i % rows) + 0.5);
      entry.width = width;
    }
    return top + kLine * static_cast<double>(rows);
  }

  const Plot& plot_;
  size_t columns_ = 1;
  bool alone_ = true;  // the one panel of the plot
  PlotLayout layout_;
  double label_width_ = 0;
  double title_width_ = 0;
  double remarks_width_ = 0;
};

}  // namespace

PlotLayout LayOut(const Plot& plot, double width) { return Layouter(plot, width).Run(); }

double ShareOf(double value, const Range& range, Scale scale) {
  if (scale == Scale::kLinear) return (value - range.low) / (range.high - range.low);
  return std::log(value / range.low) / std::log(range.high / range.low);
}

}  // namespace upcycle
