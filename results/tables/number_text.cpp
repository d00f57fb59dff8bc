#include "results/tables/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>

#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

// Beyond these an estimate is written with a common power of ten.
constexpr double kSmallestPlain = 1e-3;
constexpr double kLargestPlain = 1e7;
constexpr int kMostDecimals = 12;
constexpr double kLongestClock = 1e7 * 3600;  // seconds

// Adds the sign as text shows it. What was rounded to zero has none.
std::string WithSign(std::string digits, bool negative, bool plus) {
  if (digits.find_first_of("123456789") == std::string::npos) return digits;
  if (negative) return "−" + digits;
  return plus ? "+" + digits : digits;
}

// The decimals that show so many significant digits of `size`; negative: tens, hundreds, ….
int DecimalsFor(double size, int64_t digits) {
  const int exponent = static_cast<int>(std::floor(std::log10(size)));
  const int decimals = static_cast<int>(digits) - 1 - exponent;
  const double shown = std::round(size * std::pow(10, decimals));
  return shown >= std::pow(10, digits) ? decimals - 1 : decimals;  // 0.0996 is 0.10, not 0.100
}

std::string Rounded(double value, int decimals) {
  if (decimals >= 0) return fmt::format("{:.{}f}", value, std::min(decimals, kMostDecimals));
  const double unit = std::pow(10, -decimals);
  return fmt::format("{:.0f}", std::round(value / unit) * unit);
}

// At most that many significant digits, without zeros behind the last one that counts.
std::string Significant(double size, int64_t digits) {
  if (size == 0) return "0";
  std::string text = Rounded(size, DecimalsFor(size, digits));
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string PlainEstimate(double value, double half_width, const EstimateStyle& style) {
  const bool negative = std::signbit(value);
  const double size = std::fabs(value);
  if (!std::isfinite(half_width) || half_width == 0) {
    const std::string text = WithSign(Significant(size, style.digits), negative, style.plus);
    return half_width == 0 ? text + " ± 0" : text;
  }
  int decimals = DecimalsFor(half_width, 2);
  if (size > 0) decimals = std::min(decimals, DecimalsFor(size, style.digits));
  return WithSign(Rounded(size, decimals), negative, style.plus) + " ± " +
         Rounded(half_width, std::max(decimals, DecimalsFor(half_width, 1)));
}

// Four significant digits in units of a thousand, a million, … with the suffix of each; empty where
// the suffixes end.
std::string Scaled(double value, std::initializer_list<const char*> suffixes) {
  double unit = 1;
  for (const char* suffix : suffixes) {
    unit *= 1000;
    const double scaled = value / unit;
    if (scaled < 9.9995) return fmt::format("{:.3f}{}", scaled, suffix);
    if (scaled < 99.995) return fmt::format("{:.2f}{}", scaled, suffix);
    if (scaled < 999.95) return fmt::format("{:.1f}{}", scaled, suffix);
  }
  return "";
}

}  // namespace

std::optional<double> NumberIn(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string EstimateText(double value, double half_width, const EstimateStyle& style) {
  if (!std::isfinite(value)) return kNotAvailable;
  const bool alone = !std::isfinite(half_width);
  const double size = std::max(std::fabs(value), alone ? 0 : half_width);
  if (size == 0 || (size >= kSmallestPlain && size < kLargestPlain)) {
    return PlainEstimate(value, half_width, style);
  }
  const int exponent = static_cast<int>(std::floor(std::log10(size)));
  const double unit = std::pow(10, exponent);
  const std::string mantissa = PlainEstimate(value / unit, half_width / unit, style);
  return alone ? fmt::format("{}e{}", mantissa, exponent)
               : fmt::format("({})e{}", mantissa, exponent);
}

std::string RangeText(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) return kNotAvailable;
  const double size = std::max(std::fabs(low), std::fabs(high)), half_width = (high - low) / 2;
  if (!(half_width > 0)) {
    const std::string end = EstimateText(low, std::numeric_limits<double>::quiet_NaN());
    return fmt::format("{0} to {0}", end);
  }
  const bool is_plain = size >= kSmallestPlain && size < kLargestPlain;
  const int exponent = is_plain ? 0 : static_cast<int>(std::floor(std::log10(size)));
  const double unit = std::pow(10, exponent);
  const int decimals = DecimalsFor(half_width / unit, 2);
  const auto text = [&](double value) {
    return WithSign(Rounded(std::fabs(value / unit), decimals), value < 0, false);
  };
  const std::string range = fmt::format("{} to {}", text(low), text(high));
  return is_plain ? range : fmt::format("({})e{}", range, exponent);
}

std::string ProbabilityText(double p) {
  if (!std::isfinite(p)) return kNotAvailable;
  if (p < 0.0001) return "<0.0001";
  if (p >= 0.995) return "1.0";
  return Rounded(p, DecimalsFor(p, 2));
}

std::string CountText(double count) {
  if (!std::isfinite(count) || count <= 0) return kNotAvailable;
  if (count < 999.5) return fmt::format("{:.0f}", count);
  const std::string text = Scaled(count, {"k", "M", "B", "T"});
  return text.empty() ? ScientificText(count) : text;
}

std::string BytesText(double bytes) {
  if (!std::isfinite(bytes) || bytes < 0) return kNotAvailable;
  if (bytes < 999.5) return fmt::format("{:.0f} B", bytes);
  const std::string text = Scaled(bytes, {" kB", " MB", " GB", " TB", " PB"});
  return text.empty() ? ScientificText(bytes) + " B" : text;
}

std::string ClockText(double seconds) {
  if (!std::isfinite(seconds)) return kNotAvailable;
  if (seconds >= kLongestClock) return ScientificText(seconds / 3600) + " h";
  const auto whole = static_cast<int64_t>(std::lround(seconds));
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string SignedPercentText(double share) {
  if (!std::isfinite(share)) return kNotAvailable;
  const std::string digits = fmt::format("{:.2f}", 100 * std::fabs(share));
  return WithSign(digits, share < 0, true) + " %";
}

Scientific ScientificParts(double value) {
  UPCYCLE_CHECK(std::isfinite(value) && value > 0);
  const std::string text = fmt::format("{:.2e}", value);
  const size_t e = text.find('e');
  return {text.substr(0, e), std::stoi(text.substr(e + 1))};
}

std::string ScientificText(double value) {
  if (!std::isfinite(value) || value <= 0) return kNotAvailable;
  const Scientific parts = ScientificParts(value);
  return fmt::format("{}e{}", parts.mantissa, parts.exponent);
}

std::string CountedFlopsText(double flops) {
  if (!std::isfinite(flops) || flops <= 0) return kNotAvailable;
  const std::string text = fmt::format("{:.3e}", flops);
  const size_t e = text.find('e');
  const size_t last = text.find_last_not_of(".0", e - 1);
  return fmt::format("{}e{}", text.substr(0, last + 1), std::stoi(text.substr(e + 1)));
}

}  // namespace upcycle
