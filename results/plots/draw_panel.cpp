#include "results/plots/draw_panel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "results/plots/text_width.h"
#include "results/plots/thin.h"

namespace upcycle {
namespace {

constexpr double kTick = 3;
constexpr double kShortTick = 1.8;
constexpr double kNoSeam = 0.2;  // by which cells overlap those behind them
constexpr double kCap = 2.5;     // half the cap at the end of an interval
constexpr double kBand = 0.18;   // opacity
constexpr double kFaintBand = 0.09;
constexpr size_t kFewBands = 4;
constexpr double kMarkersPerCurve = 7;
constexpr size_t kTargetsPerCurve = 40;  // or panel of cells
constexpr double kTargetRadius = 5;
constexpr double kBaseLine = 0.35;  // of a text's size, from its middle down to its base line
constexpr double kBeyond = 1e5;     // pixels: farther away nothing has to be exact

class PanelDrawer {
 public:
  PanelDrawer(const Panel& panel, const PanelLayout& layout, const Shades* shades, Theme theme,
              SvgPage* page)
      : panel_(panel),
        layout_(layout),
        frame_(layout.frame),
        shades_(shades),
        theme_(theme),
        colours_(ColoursOf(theme)),
        page_(*page) {}

  void Draw() {
    DrawGrid();
    page_.BeginBox(frame_.left, frame_.top, frame_.width, frame_.height, !panel_.heat.empty());
    DrawHeat();
    for (const Rule& rule : panel_.rules) DrawRule(rule);
    for (const Band& band : panel_.bands) DrawBand(Thinned(band));
    for (const Series& series : panel_.series) DrawSeries(Thinned(series));
    for (const Series& series : panel_.series) DrawTargets(series);
    page_.EndBox();
    for (const Mark& mark : panel_.marks) DrawMark(mark);
    DrawAxes();
    DrawRemarks();
  }

 private:
  // Within the frame.
  double X(double value) const {
    return std::clamp(ShareOf(value, layout_.x, panel_.x.scale) * frame_.width, -kBeyond, kBeyond);
  }
  double Y(double value) const {
    const double share = ShareOf(value, layout_.y, panel_.y.scale);
    const bool downwards = !panel_.y.categories.empty();
    return std::clamp((downwards ? share : 1 - share) * frame_.height, -kBeyond, kBeyond);
  }

  // A logarithm has no place for what is not above 0.
  bool CanShow(double x, double y) const {
    return std::isfinite(x) && std::isfinite(y) && (panel_.x.scale == Scale::kLinear || x > 0) &&
           (panel_.y.scale == Scale::kLinear || y > 0);
  }

  void AddCorner(char command, double x, double y, std::string* path) const {
    *path += command;
    *path += Coordinate(X(x));
    *path += ' ';
    *path += Coordinate(Y(y));
  }

  void DrawGrid() {
    if (!panel_.heat.empty()) return;
    const Pen pen = {colours_.faint, 0.3};
    for (const Tick& tick : layout_.y_ticks.ticks) {
      const double y = frame_.top + Y(tick.at);
      if (!tick.label.empty()) page_.Line(frame_.left, y, frame_.right(), y, pen);
    }
  }

  // The cells of one shade are one path of strokes as wide as a row is high, and neighbours of one
  // shade one stroke: a drawing of 6,000 cells stays small.
  void DrawHeat() {
    std::map<std::pair<double, int>, std::string> paths;  // by height of row and shade
    for (const HeatRow& row : panel_.heat) {
      const double top = Y(row.y.high), height = Y(row.y.low) - top;
      const double thickness = std::round(100 * height) / 100;  // as it is written
      const std::string middle = Coordinate(top + (height + kNoSeam) / 2);
      for (size_t i = 0; i < row.cells.size();) {
        const int shade = ShadeStep(row.cells[i].value);
        const double left = row.cells[i].x.low;
        double right = row.cells[i++].x.high;
        for (; i < row.cells.size() && row.cells[i].x.low == right; ++i) {
          if (ShadeStep(row.cells[i].value) != shade) break;
          right = row.cells[i].x.high;
        }
        paths[{thickness, shade}] += fmt::format("M{} {}h{}", Coordinate(X(left)), middle,
                                                 Coordinate(X(right) - X(left) + kNoSeam));
      }
    }
    for (const auto& [look, path] : paths) {
      const std::string colour = ShadeOf(static_cast<double>(look.second) / kShades, theme_);
      page_.Path(path, {colour, look.first + kNoSeam});
    }
    DrawHeatTargets();
  }

  void DrawHeatTargets() {
    const size_t every = panel_.heat.size() / kTargetsPerCurve + 1;
    for (size_t i = 0; i < panel_.heat.size(); i += every) {
      const HeatRow& row = panel_.heat[i];
      const double top = Y(row.y.high);
      page_.TargetBox(0, top, frame_.width, Y(row.y.low) - top, row.title);
    }
  }

  int ShadeStep(double value) const {
    const double share = ShareOf(value, shades_->range, shades_->scale);
    return std::isnan(share) ? 0
                             : static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kShades));
  }

  void DrawRule(const Rule& rule) {
    const Pen pen = {colours_.ink, 0.7};
    if (rule.vertical) {
      page_.Line(X(rule.at), 0, X(rule.at), frame_.height, pen);
    } else {
      page_.Line(0, Y(rule.at), frame_.width, Y(rule.at), pen);
    }
  }

  void DrawBand(const Band& band) {
    std::string path;
    for (const BandSpot& spot : band.spots) {
      if (!CanShow(spot.x, spot.upper)) continue;
      AddCorner(path.empty() ? 'M' : 'L', spot.x, spot.upper, &path);
    }
    for (size_t i = band.spots.size(); i-- > 0;) {
      const BandSpot& spot = band.spots[i];
      if (CanShow(spot.x, spot.lower))
        AddCorner(path.empty() ? 'M' : 'L', spot.x, spot.lower, &path);
    }
    if (path.empty()) return;
    page_.Area(path + "z", StyleOf(band.style, theme_).colour,
               panel_.bands.size() > kFewBands ? kFaintBand : kBand);
  }

  // A value that cannot be shown breaks the line.
  void DrawSeries(const Series& series) {
    std::string path;
    bool is_on = false;
    for (const Spot& spot : series.spots) {
      const bool was_on = is_on;
      is_on = CanShow(spot.x, spot.y);
      if (is_on) AddCorner(was_on ? 'L' : 'M', spot.x, spot.y, &path);
    }
    if (path.empty()) return;
    const Style style = StyleOf(series.style, theme_);
    page_.Path(path, PenOf(style, series.stroke));
    if (series.stroke == Stroke::kLine) DrawMarkers(series, style);
  }

  // Markers of neighbouring styles stand beside each other, not upon each other.
  void DrawMarkers(const Series& series, const Style& style) {
    const double stagger = std::fmod(0.5 + 0.37 * static_cast<double>(series.style), 1.0);
    const Spot* last = nullptr;
    for (int i = 0; i < static_cast<int>(kMarkersPerCurve); ++i) {
      const double place = frame_.width * (i + stagger) / kMarkersPerCurve;
      const auto nearest = std::ranges::min_element(series.spots, {}, [&](const Spot& spot) {
        return CanShow(spot.x, spot.y) ? std::fabs(X(spot.x) - place) : kBeyond;
      });
      if (&*nearest == last || std::fabs(X(nearest->x) - place) > frame_.width / kMarkersPerCurve) {
        continue;
      }
      last = &*nearest;
      page_.Path(MarkerPath(style.marker, 2.4), {style.colour, 1},
                 style.hollow ? colours_.paper : style.colour, X(last->x), Y(last->y));
    }
  }

  void DrawTargets(const Series& series) {
    if (series.stroke != Stroke::kLine) return;
    const size_t every = series.spots.size() / kTargetsPerCurve + 1;
    for (size_t i = 0; i < series.spots.size(); ++i) {
      const Spot& spot = series.spots[i];
      const bool chosen = i % every == 0 || i + 1 == series.spots.size();
      if (!chosen || spot.title.empty() || !CanShow(spot.x, spot.y)) continue;
      page_.Target(X(spot.x), Y(spot.y), kTargetRadius, spot.title);
    }
  }

  void DrawInterval(const Mark& mark, const Pen& pen) {
    const double x = frame_.left + X(mark.spot.x), y = frame_.top + Y(mark.spot.y);
    if (mark.along_x) {
      for (const double side : {-1.0, 1.0}) {
        const double end = frame_.left + X(mark.spot.x + side * mark.half_width);
        page_.Line(x, y, end, y, pen);
        page_.Line(end, y - kCap, end, y + kCap, pen);
      }
      return;
    }
    for (const double side : {-1.0, 1.0}) {
      const double value = mark.spot.y + side * mark.half_width;
      if (!CanShow(mark.spot.x, value)) continue;
      const double end = frame_.top + Y(value);
      page_.Line(x, y, x, end, pen);
      page_.Line(x - kCap, end, x + kCap, end, pen);
    }
  }

  void DrawMark(const Mark& mark) {
    if (!CanShow(mark.spot.x, mark.spot.y)) return;
    const Style style = StyleOf(mark.style, theme_);
    if (std::isfinite(mark.half_width)) DrawInterval(mark, {style.colour, 1.2});
    page_.Path(MarkerPath(style.marker, kMarkerRadius), {style.colour, kHollowEdge},
               mark.hollow || style.hollow ? colours_.paper : style.colour,
               frame_.left + X(mark.spot.x), frame_.top + Y(mark.spot.y), mark.spot.title);
  }

  void DrawAxes() {
    const Pen pen = {colours_.ink, 0.7};
    page_.Line(frame_.left, frame_.top, frame_.left, frame_.bottom(), pen);
    page_.Line(frame_.left, frame_.bottom(), frame_.right(), frame_.bottom(), pen);
    DrawXTicks(pen);
    DrawYTicks(pen);
    if (!panel_.title.empty()) {
      page_.Text(frame_.left, frame_.top - 5, Shortened(panel_.title, frame_.width / kSmallSize),
                 colours_.ink, kSmallSize, Anchor::kStart, panel_.title);
    }
  }

  void DrawXTicks(const Pen& pen) {
    for (const Tick& tick : layout_.x_ticks.ticks) {
      const double x = frame_.left + X(tick.at);
      page_.Line(x, frame_.bottom(), x, frame_.bottom() + (tick.label.empty() ? kShortTick : kTick),
                 pen);
      page_.Text(x, frame_.bottom() + kTick + kSmallSize, tick.label, colours_.ink, kSmallSize,
                 Anchor::kMiddle);
    }
    if (!layout_.shows_x_title) return;
    const std::string title = AxisTitle(panel_.x, layout_.x_ticks.exponent);
    const std::string shown = Shortened(title, (layout_.page_width - 8) / kTextSize);
    const double half = TextWidth(shown) * kTextSize / 2;
    const double middle =
        std::clamp(frame_.left + frame_.width / 2, half + 4, layout_.page_width - half - 4);
    page_.Text(middle, frame_.bottom() + kTick + 2.4 * kTextSize, shown, colours_.ink, kTextSize,
               Anchor::kMiddle, shown == title ? "" : title);
  }

  void DrawYTicks(const Pen& pen) {
    for (const Tick& tick : layout_.y_ticks.ticks) {
      const double y = frame_.top + Y(tick.at);
      if (panel_.y.categories.empty()) {
        const double length = tick.label.empty() ? kShortTick : kTick;
        page_.Line(frame_.left - length, y, frame_.left, y, pen);
      }
      if (!layout_.shows_y || tick.label.empty()) continue;
      const std::string shown = Shortened(tick.label, layout_.label_width / kSmallSize);
      page_.Text(frame_.left - kTick - 2, y + kBaseLine * kSmallSize, shown, colours_.ink,
                 kSmallSize, Anchor::kEnd, shown == tick.label ? "" : tick.label);
    }
    if (!layout_.shows_y || panel_.y.label.empty()) return;
    const std::string title = AxisTitle(panel_.y, layout_.y_ticks.exponent);
    page_.Text(frame_.left - layout_.label_width - kTick - 7, frame_.top + frame_.height / 2,
               Shortened(title, (frame_.height + 20) / kTextSize), colours_.ink, kTextSize,
               Anchor::kMiddle, title, true);
  }

  void DrawRemarks() {
    for (size_t i = 0; i < panel_.remarks.size(); ++i) {
      page_.Text(frame_.right() + 8,
                 frame_.top + Y(static_cast<double>(i)) + kBaseLine * kSmallSize, panel_.remarks[i],
                 colours_.ink, kSmallSize, Anchor::kStart);
    }
  }

  const Panel& panel_;
  const PanelLayout& layout_;
  const Box& frame_;
  const Shades* shades_;
  Theme theme_;
  PageColours colours_;
  SvgPage& page_;
};

}  // namespace

Pen PenOf(const Style& style, Stroke stroke) {
  switch (stroke) {
    case Stroke::kLine:
      return {style.colour, 1.4, style.dash};
    case Stroke::kThin:
      return {style.colour, 0.5};
    case Stroke::kFit:
      return {style.colour, 1, "3 2"};
  }
  return {style.colour};
}

void DrawPanel(const Panel& panel, const PanelLayout& layout, const Shades* shades, Theme theme,
               SvgPage* page) {
  PanelDrawer(panel, layout, shades, theme, page).Draw();
}

}  // namespace upcycle
