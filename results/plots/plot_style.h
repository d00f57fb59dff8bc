// How plots look: colours, dashes and markers that stay apart for the colour-blind and in print
// without colour.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace upcycle {

// The page that a plot lies on. A plot in a page that is light or dark as its reader has it names
// variables of the page's style, whose declarations PageVariables gives, and --paper and --ink.
enum class Theme { kLight, kDark, kPage };

struct PageColours {
  std::string_view paper;
  std::string_view ink;
  std::string_view faint;  // frames, grid lines and what only helps
};
PageColours ColoursOf(Theme theme);

// The colours of Okabe and Ito ("Color Universal Design", 2008) without yellow, from the darkest to
// the lightest, on a light page with two thirds of their light; on a dark page the other way round,
// with white for black. So each of them stands 3 to 1 against its paper, as lines have to (WCAG
// 2.2, 1.4.11), and remains the hue that it was. Neighbouring styles also differ in dash and
// marker: 28 styles are told apart by line, and without colour 16 by marker.
struct Style {
  std::string_view colour;
  std::string_view dash;  // as SVG's stroke-dasharray has it; empty: solid
  size_t marker = 0;      // below kMarkers
  bool hollow = false;    // the marker, in every second round of them
};
Style StyleOf(size_t index, Theme theme);

inline constexpr size_t kMarkers = 8;

// The path of a marker around 0, 0: about `radius` in size.
std::string MarkerPath(size_t marker, double radius);

// So many steps of a range no eye tells apart.
inline constexpr int kShades = 32;

// The colour of a share of a range: with rising shares ever farther from the paper in luminance.
std::string ShadeOf(double share, Theme theme);

// "--faint: #7a7a7a; …" of light or dark: what a page declares for the plots in it, as CSS.
std::string PageVariables(Theme theme);

}  // namespace upcycle
