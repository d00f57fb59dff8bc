// Numbers as people read them: no more digits than the uncertainty allows, true minus signs, – for
// what is not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace upcycle {

inline constexpr const char* kNotAvailable = "–";

// The number that the whole text writes, as JSON does; nothing if it is none, or not finite.
std::optional<double> NumberIn(std::string_view text);

struct EstimateStyle {
  bool plus = false;   // a sign in front of positive values too
  int64_t digits = 5;  // the most significant ones that a value has
};

// "1.3576 ± 0.0021": two significant digits of the half width decide the value's digits, as far as
// `style.digits` allow; the half width ends where the value ends, but never shows less than one
// digit. Without a half width (NaN) the value has `style.digits`.
std::string EstimateText(double value, double half_width, const EstimateStyle& style = {});

// "−0.018 to −0.010": two significant digits of half the distance decide the digits of both.
std::string RangeText(double low, double high);

// A p-value with two significant digits, "<0.0001" below that.
std::string ProbabilityText(double p);

// "47.49B", "1.049M", "524.3k", "512": four significant digits. 0 stands for not counted.
std::string CountText(double count);

// "1:02:03", "0:07"; beyond ten million hours "1.52e14 h".
std::string ClockText(double seconds);

// "2.654 GB", "41.5 kB", "0 B": four significant digits, in powers of 1000.
std::string BytesText(double bytes);

// A share as "+0.31 %", signed.
std::string SignedPercentText(double share);

// 7.52e14 in its two parts, three significant digits.
struct Scientific {
  std::string mantissa;
  int exponent = 0;
};
Scientific ScientificParts(double value);  // value is finite and positive
std::string ScientificText(double value);  // "7.52e14"; 0 stands for not counted

// "7.516e14", "4.7e14": what is counted or quoted has up to four digits, and no zeros behind them.
std::string CountedFlopsText(double flops);

}  // namespace upcycle
