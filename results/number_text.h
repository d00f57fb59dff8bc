// Numbers as people read them: no more digits than the uncertainty allows, true minus signs, – for
// what is not there.
#pragma once

#include <string>

namespace upcycle {

inline constexpr const char* kNotAvailable = "–";

enum class Sign { kOnlyMinus, kAlways };

// "1.3576 ± 0.0021": two significant digits of the half width decide the value's digits. Without a
// half width (NaN) five significant digits of the value.
std::string EstimateText(double value, double half_width, Sign sign = Sign::kOnlyMinus);

// A p-value with two significant digits, "<0.0001" below that.
std::string ProbabilityText(double p);

// "47.49B", "1.049M", "524.3k", "512": four significant digits. 0 stands for not counted.
std::string CountText(double count);

// A share as "+0.31 %", signed.
std::string SignedPercentText(double share);

// 7.52e14 in its two parts, three significant digits.
struct Scientific {
  std::string mantissa;
  int exponent = 0;
};
Scientific ScientificParts(double value);  // value is finite and positive
std::string ScientificText(double value);  // "7.52e14"; 0 stands for not counted

}  // namespace upcycle
