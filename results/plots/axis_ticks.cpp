#include "results/plots/axis_ticks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr double kSmallestPlain = 1e-2;  // an axis that ends between these needs no power of ten
constexpr double kLargestPlain = 1e5;
constexpr double kFewDecades = 0.5;   // below, a logarithmic axis is read as a linear one
constexpr double kSomeDecades = 2.5;  // below, it has labels between the powers of ten
constexpr double kRounding = 1e-9;    // of a step, by which a tick may miss the end of its range

// 1, 2 or 5 times a power of ten, so that at most `most` such steps fit into `span`.
double RoundStep(double span, int most) {
  const double raw = span / most;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * (1 - kRounding)) return factor * power;
  }
  return 10 * power;
}

int CommonExponent(const Range& range) {
  const double size = std::max(std::fabs(range.low), std::fabs(range.high));
  if (size >= kSmallestPlain && size < kLargestPlain) return 0;
  return 3 * static_cast<int>(std::floor(std::log10(size) / 3));
}

std::string Superscript(int number) {
  static constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char digit : fmt::format("{}", std::abs(number))) text += kDigits[digit - '0'];
  if (number < 0) text.insert(0, "⁻");
  return text;
}

std::string WithTrueMinus(std::string text) {
  if (text.find_first_of("123456789") == std::string::npos) return "0";
  if (text.front() == '-') text.replace(0, 1, "−");
  return text;
}

// Decimals that a multiple of `step` needs.
int DecimalsOf(double step) {
  return std::max(0, -static_cast<int>(std::floor(std::log10(step) + kRounding)));
}

Ticks LinearTicks(const Range& range, int most, bool whole) {
  Ticks found = {.ticks = {}, .exponent = CommonExponent(range)};
  const double unit = std::pow(10, found.exponent);
  const double round = RoundStep(range.high - range.low, most);
  const double step = whole ? std::max(1.0, round) : round;
  const int decimals = DecimalsOf(step / unit);
  const auto first = static_cast<int64_t>(std::ceil(range.low / step - kRounding));
  const auto last = static_cast<int64_t>(std::floor(range.high / step + kRounding));
  for (int64_t i = first; i <= last; ++i) {
    const double at = static_cast<double>(i) * step;
    found.ticks.push_back({at, WithTrueMinus(fmt::format("{:.{}f}", at / unit, decimals))});
  }
  return found;
}

// Labels at 1, 2 and 5 times each power of ten.
Ticks TicksOfSomeDecades(const Range& range) {
  Ticks found = {.ticks = {}, .exponent = CommonExponent(range)};
  const double unit = std::pow(10, found.exponent);
  const int first = static_cast<int>(std::floor(std::log10(range.low)));
  const int last = static_cast<int>(std::floor(std::log10(range.high)));
  for (int power = first; power <= last; ++power) {
    for (int factor = 1; factor < 10; ++factor) {
      const double at = factor * std::pow(10, power);
      if (at < range.low * (1 - kRounding) || at > range.high * (1 + kRounding)) continue;
      const bool labelled = factor == 1 || factor == 2 || factor == 5;
      found.ticks.push_back({at, labelled ? fmt::format("{:.6g}", at / unit) : ""});
    }
  }
  return found;
}

Ticks TicksOfManyDecades(const Range& range, int most) {
  Ticks found;
  const int first = static_cast<int>(std::ceil(std::log10(range.low) - kRounding));
  const int last = static_cast<int>(std::floor(std::log10(range.high) + kRounding));
  const int every = (last - first) / most + 1;
  for (int power = first; power <= last; ++power) {
    const bool labelled = (power - first) % every == 0;
    found.ticks.push_back({std::pow(10, power), labelled ? "10" + Superscript(power) : ""});
  }
  return found;
}

}  // namespace

Ticks TicksOf(const Axis& axis, const Range& range, int most) {
  UPCYCLE_CHECK(std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high);
  if (!axis.categories.empty()) {
    Ticks rows;
    for (size_t i = 0; i < axis.categories.size(); ++i) {
      rows.ticks.push_back({static_cast<double>(i), axis.categories[i]});
    }
    return rows;
  }
  if (axis.scale == Scale::kLinear) return LinearTicks(range, most, axis.whole);
  UPCYCLE_CHECK(range.low > 0);
  const double decades = std::log10(range.high / range.low);
  if (decades < kFewDecades) return LinearTicks(range, most, axis.whole);
  return decades < kSomeDecades ? TicksOfSomeDecades(range) : TicksOfManyDecades(range, most);
}

std::string AxisTitle(const Axis& axis, int exponent) {
  std::string unit = axis.unit;
  if (exponent != 0) {
    unit = "×10" + Superscript(exponent) + (unit.empty() ? "" : " ") + unit;
  }
  return unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, unit);
}

}  // namespace upcycle
