#include "results/plots/plot_style.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr std::array<std::string_view, 7> kOnLight = {"#000000", "#005e94", "#b24d00", "#00835f",
                                                      "#aa648b", "#4696c3", "#c08400"};
constexpr std::array<std::string_view, 7> kOnDark = {"#ffffff", "#6cc0f0", "#e69f00", "#cc79a7",
                                                     "#009e73", "#d55e00", "#2f86c4"};
constexpr std::array<std::string_view, 7> kOfPage = {
    "var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)"};
constexpr std::array<std::string_view, 4> kDashes = {"", "6 2.5", "2 2", "4.5 2 1.2 2"};

using Rgb = std::array<double, 3>;

// Stops of one hue, from the paper to the farthest from it; luminance never turns back.
constexpr std::array<Rgb, 4> kShadesOnLight = {Rgb{247, 250, 253}, Rgb{140, 190, 226},
                                               Rgb{0, 100, 165}, Rgb{4, 18, 46}};
constexpr std::array<Rgb, 4> kShadesOnDark = {Rgb{24, 28, 36}, Rgb{0, 84, 140}, Rgb{98, 176, 230},
                                              Rgb{244, 250, 255}};

std::string Polygon(double radius, std::initializer_list<std::array<double, 2>> corners) {
  std::string path;
  for (const auto& [x, y] : corners) {
    path += fmt::format("{}{:.2f} {:.2f}", path.empty() ? "M" : "L", x * radius, y * radius);
  }
  return path + "z";
}

const std::array<std::string_view, 7>& ColoursOn(Theme theme) {
  switch (theme) {
    case Theme::kLight:
      return kOnLight;
    case Theme::kDark:
      return kOnDark;
    case Theme::kPage:
      return kOfPage;
  }
  return kOnLight;
}

}  // namespace

PageColours ColoursOf(Theme theme) {
  if (theme == Theme::kPage) return {"var(--paper)", "var(--ink)", "var(--faint)"};
  if (theme == Theme::kDark) return {"#16191f", "#e8e8e8", "#8a8f98"};
  return {"#ffffff", "#000000", "#7a7a7a"};
}

Style StyleOf(size_t index, Theme theme) {
  const auto& colours = ColoursOn(theme);
  return {colours[index % colours.size()], kDashes[index % kDashes.size()], index % kMarkers,
          index / kMarkers % 2 == 1};
}

std::string MarkerPath(size_t marker, double radius) {
  const double r = radius;
  switch (marker) {
    case 0:
      return fmt::format(
          "M{0:.2f} 0A{1:.2f} {1:.2f} 0 1 1 {2:.2f} 0A{1:.2f} {1:.2f} 0 1 1 {0:.2f} 0z", -r, r, r);
    case 1:
      return Polygon(r, {{-.85, -.85}, {.85, -.85}, {.85, .85}, {-.85, .85}});
    case 2:
      return Polygon(r, {{0, -1.15}, {1.05, .75}, {-1.05, .75}});
    case 3:
      return Polygon(r, {{0, -1.25}, {1.25, 0}, {0, 1.25}, {-1.25, 0}});
    case 4:
      return Polygon(r, {{0, 1.15}, {1.05, -.75}, {-1.05, -.75}});
    case 5:
      return Polygon(r, {{-.35, -1.1},
                         {.35, -1.1},
                         {.35, -.35},
                         {1.1, -.35},
                         {1.1, .35},
                         {.35, .35},
                         {.35, 1.1},
                         {-.35, 1.1},
                         {-.35, .35},
                         {-1.1, .35},
                         {-1.1, -.35},
                         {-.35, -.35}});
    case 6:
      return Polygon(r, {{-1.15, 0}, {.75, -1.05}, {.75, 1.05}});
    case 7:
      return Polygon(r, {{1.15, 0}, {-.75, -1.05}, {-.75, 1.05}});
  }
  UPCYCLE_CHECK(marker < kMarkers);
  return "";
}

std::string ShadeOf(double share, Theme theme) {
  if (theme == Theme::kPage) {
    const double whole = std::clamp(share, 0.0, 1.0) * kShades;
    return fmt::format("var(--h{})", std::lround(whole));
  }
  const auto& stops = theme == Theme::kDark ? kShadesOnDark : kShadesOnLight;
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const size_t below = std::min(stops.size() - 2, static_cast<size_t>(place));
  const double part = place - static_cast<double>(below);
  std::array<int, 3> mixed = {};
  for (size_t i = 0; i < mixed.size(); ++i) {
    mixed[i] =
        static_cast<int>(std::lround(stops[below][i] * (1 - part) + stops[below + 1][i] * part));
  }
  return fmt::format("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2]);
}

std::string PageVariables(Theme theme) {
  std::string text = fmt::format("--faint: {};", ColoursOf(theme).faint);
  const auto& colours = ColoursOn(theme);
  for (size_t i = 0; i < colours.size(); ++i) text += fmt::format(" --c{}: {};", i, colours[i]);
  for (int i = 0; i <= kShades; ++i) {
    text += fmt::format(" --h{}: {};", i, ShadeOf(static_cast<double>(i) / kShades, theme));
  }
  return text;
}

}  // namespace upcycle
