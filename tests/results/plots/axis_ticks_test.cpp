#include "results/plots/axis_ticks.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

std::vector<std::string> LabelsOf(const Axis& axis, const Range& range, int most) {
  std::vector<std::string> labels;
  for (const Tick& tick : TicksOf(axis, range, most).ticks) labels.push_back(tick.label);
  return labels;
}

using Labels = std::vector<std::string>;

TEST(TicksOf, ALinearAxisStandAtRoundValuesWithinIt) {
  EXPECT_EQ(LabelsOf({}, {0.69, 0.93}, 4), (Labels{"0.7", "0.8", "0.9"}));
  EXPECT_EQ(LabelsOf({}, {-0.0191, 0.0042}, 5), (Labels{"−0.015", "−0.010", "−0.005", "0"}));
  EXPECT_EQ(LabelsOf({}, {0, 600}, 3), (Labels{"0", "200", "400", "600"}));
}

TEST(TicksOf, LargeAndSmallValuesShareAPowerOfTen) {
  const Ticks tokens = TicksOf({}, {0, 2.5e6}, 5);
  EXPECT_EQ(tokens.exponent, 6);
  EXPECT_EQ(tokens.ticks.back().label, "2.5");
  EXPECT_EQ(tokens.ticks.back().at, 2.5e6);
  EXPECT_EQ(TicksOf({}, {0, 0.006}, 3).exponent, -3);
  EXPECT_EQ(TicksOf({}, {-2.4e12, 1e12}, 3).exponent, 12);
  EXPECT_EQ(TicksOf({}, {0, 99999}, 3).exponent, 0);
}

TEST(TicksOf, WholeNumbersHaveNoneBetweenThem) {
  EXPECT_EQ(LabelsOf({.whole = true}, {-0.5, 1.5}, 8), (Labels{"0", "1"}));
}

TEST(TicksOf, AFewDecadesHaveLabelsAtOneTwoAndFive) {
  const Axis axis = {.scale = Scale::kLogarithmic};
  EXPECT_EQ(LabelsOf(axis, {0.95, 11}, 5), (Labels{"1", "2", "", "", "5", "", "", "", "", "10"}));
  EXPECT_EQ(TicksOf(axis, {1e12, 2e13}, 5).exponent, 12);
}

TEST(TicksOf, ManyDecadesHaveLabelsAtPowersThatStandApart) {
  const Axis axis = {.scale = Scale::kLogarithmic};
  EXPECT_EQ(LabelsOf(axis, {1e-3, 1e3}, 10),
            (Labels{"10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²", "10³"}));
  EXPECT_EQ(LabelsOf(axis, {1e-3, 1e3}, 3), (Labels{"10⁻³", "", "", "10⁰", "", "", "10³"}));
}

TEST(TicksOf, LessThanADecadeIsReadAsALinearAxis) {
  EXPECT_EQ(LabelsOf({.scale = Scale::kLogarithmic}, {0.69, 0.93}, 4),
            (Labels{"0.7", "0.8", "0.9"}));
}

TEST(TicksOf, VeryNarrowAndVeryLargeRangesHaveTicksToo) {
  EXPECT_FALSE(TicksOf({}, {1, 1 + 1e-11}, 4).ticks.empty());
  EXPECT_FALSE(TicksOf({}, {-1e300, 1e300}, 4).ticks.empty());
  EXPECT_FALSE(TicksOf({}, {0, 1e-290}, 4).ticks.empty());
}

TEST(AxisTitle, HasUnitAndPowerOfTen) {
  EXPECT_EQ(AxisTitle({.label = "validation/loss", .unit = "nats"}, 0), "validation/loss (nats)");
  EXPECT_EQ(AxisTitle({.label = "tokens"}, 6), "tokens (×10⁶)");
  EXPECT_EQ(AxisTitle({.label = "time", .unit = "s"}, -3), "time (×10⁻³ s)");
  EXPECT_EQ(AxisTitle({.label = "steps"}, 0), "steps");
}

}  // namespace
}  // namespace upcycle
