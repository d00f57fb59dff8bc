// Draws one panel of a plot into its place on the page.
#pragma once

#include "results/plots/plot.h"
#include "results/plots/plot_layout.h"
#include "results/plots/plot_style.h"
#include "results/plots/svg_page.h"

namespace upcycle {

inline constexpr double kMarkerRadius = 3;
inline constexpr double kHollowEdge = 1.1;  // the width of the edge of a hollow marker

// How a stroke of a style is drawn; a legend draws it in the same way.
Pen PenOf(const Style& style, Stroke stroke);

void DrawPanel(const Panel& panel, const PanelLayout& layout, const Shades* shades, Theme theme,
               SvgPage* page);

}  // namespace upcycle
