// Where an axis has ticks, and what is written at them.
#pragma once

#include <string>
#include <vector>

#include "results/plots/plot.h"

namespace upcycle {

struct Tick {
  double at = 0;
  std::string label = {};  // empty: a short tick between two others
};

struct Ticks {
  std::vector<Tick> ticks;
  int exponent = 0;  // labels are values over ten to this power, which is a multiple of 3
};

// About `most` labels at round values within the range: at 1, 2 or 5 times powers of ten, on a
// logarithmic axis of many decades at the powers. A row of categories has a tick each. The range is
// finite and not empty, and above 0 on a logarithmic axis.
Ticks TicksOf(const Axis& axis, const Range& range, int most);

// "validation/loss (nats)", "tokens (×10⁶)".
std::string AxisTitle(const Axis& axis, int exponent);

}  // namespace upcycle
