// Mean, standard deviation and the t interval of the mean of independent, about normal values:
//   mean ± t(1 - (1 - level)/2, n - 1) · s / √n,   s² = Σ (x - mean)² / (n - 1)
// (Student 1908; Fisher, "Statistical Methods for Research Workers", 1925).
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

struct Summary {
  int64_t count = 0;
  double mean = 0;        // NaN without values
  double deviation = 0;   // NaN with fewer than two
  double half_width = 0;  // of the interval; NaN with fewer than two
  double StandardError() const;
};

// All values are finite; 0 < level < 1.
Summary Summarize(std::span<const double> values, double level);

}  // namespace upcycle
