#include "results/plots/draw_svg.h"

#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "results/plots/draw_panel.h"
#include "results/plots/plot_layout.h"
#include "results/plots/svg_page.h"
#include "results/plots/text_width.h"

namespace upcycle {
namespace {

void DrawLegend(const PlotLayout& layout, Theme theme, SvgPage* page) {
  const PageColours colours = ColoursOf(theme);
  for (const LegendEntry& entry : layout.legend) {
    const Style style = StyleOf(entry.style, theme);
    const double middle_x = entry.left + (kSampleWidth - 4) / 2;
    if (!entry.is_mark) {
      page->Line(entry.left, entry.middle, entry.left + kSampleWidth - 4, entry.middle,
                 PenOf(style, entry.stroke));
    }
    if (entry.is_mark || entry.stroke == Stroke::kLine) {
      page->Path(MarkerPath(style.marker, entry.is_mark ? kMarkerRadius : 2.4),
                 {style.colour, kHollowEdge},
                 entry.hollow || style.hollow ? colours.paper : style.colour, middle_x,
                 entry.middle);
    }
    const std::string shown = Shortened(entry.name, (entry.width - kSampleWidth) / kSmallSize);
    page->Text(entry.left + kSampleWidth, entry.middle + 0.35 * kSmallSize, shown, colours.ink,
               kSmallSize, Anchor::kStart, shown == entry.name ? "" : entry.name);
  }
}

void DrawShades(const Shades& shades, const Box& bar, Theme theme, SvgPage* page) {
  const PageColours colours = ColoursOf(theme);
  const double step = bar.width / (kShades + 1);
  for (int i = 0; i <= kShades; ++i) {
    page->Rectangle(bar.left + i * step, bar.top, step + 0.2, bar.height,
                    ShadeOf(static_cast<double>(i) / kShades, theme));
  }
  for (const double value : shades.labels) {
    const double x = bar.left + bar.width * ShareOf(value, shades.range, shades.scale);
    page->Line(x, bar.bottom(), x, bar.bottom() + 3, {colours.ink, 0.7});
    page->Text(x, bar.bottom() + 3 + kSmallSize, fmt::format("{:.3g}", value), colours.ink,
               kSmallSize, Anchor::kMiddle);
  }
  page->Text(bar.left - 8, bar.bottom(), shades.label, colours.ink, kTextSize, Anchor::kEnd);
}

}  // namespace

std::string DrawSvg(const Plot& plot, const DrawingStyle& style) {
  const PlotLayout layout = LayOut(plot, style.width);
  SvgPage page(layout.width, layout.height, plot.name, plot.caption);
  page.Rectangle(0, 0, layout.width, layout.height, ColoursOf(style.theme).paper);
  const Shades* shades = plot.shades ? &*plot.shades : nullptr;
  for (size_t row = 0; row < plot.rows.size(); ++row) {
    for (size_t i = 0; i < plot.rows[row].size(); ++i) {
      UPCYCLE_CHECK(plot.rows[row][i].heat.empty() || shades != nullptr);
      DrawPanel(plot.rows[row][i], layout.rows[row][i], shades, style.theme, &page);
    }
  }
  if (shades != nullptr) DrawShades(*shades, layout.shades, style.theme, &page);
  DrawLegend(layout, style.theme, &page);
  return std::move(page).Finish();
}

}  // namespace upcycle
