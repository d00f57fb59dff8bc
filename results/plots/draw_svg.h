// Draws a plot as an SVG document of its own: text that can be selected, words under the pointer,
// and the same bytes for the same plot everywhere.
#pragma once

#include <string>

#include "results/plots/plot.h"
#include "results/plots/plot_style.h"

namespace upcycle {

// Of a paper with two columns, at 96 pixels an inch: 3.5 and 7 inches.
inline constexpr double kColumnWidth = 336;
inline constexpr double kPageWidth = 672;

struct DrawingStyle {
  Theme theme = Theme::kLight;
  double width = kColumnWidth;
};

// The whole document; as high as the plot's panels and words need.
std::string DrawSvg(const Plot& plot, const DrawingStyle& style = {});

}  // namespace upcycle
