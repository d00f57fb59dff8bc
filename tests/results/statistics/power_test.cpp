#include "results/statistics/power.h"

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Power, IsStatsmodels) {
  for (const GoldenJson& golden : GoldenCases("powers").at("power")) {
    ExpectNineDigits(PowerOfPairs(golden.at("size"), golden.at("pairs"), golden.at("level")),
                     golden, "power");
  }
}

TEST(Power, DetectableSizeIsStatsmodels) {
  for (const GoldenJson& golden : GoldenCases("powers").at("detectable")) {
    const TestPlan plan = {golden.at("level"), golden.at("power")};
    ExpectNineDigits(DetectableSize(golden.at("pairs"), plan), golden, "size");
  }
}

TEST(Power, NeededPairsAreTheFewestThatReachIt) {
  for (const GoldenJson& golden : GoldenCases("powers").at("needed")) {
    const TestPlan plan = {golden.at("level"), golden.at("power")};
    EXPECT_EQ(PairsNeeded(golden.at("size"), plan), golden.at("pairs").get<int64_t>())
        << golden.dump();
  }
}

TEST(Power, OfNoDifferenceIsTheLevel) { EXPECT_NEAR(PowerOfPairs(0, 6, 0.05), 0.05, 1e-12); }

TEST(Power, NoNumberOfPairsFindsNoDifference) {
  EXPECT_FALSE(PairsNeeded(0, {}).has_value());
  EXPECT_FALSE(PairsNeeded(1e-4, {}, 1000).has_value());
  EXPECT_EQ(PairsNeeded(1e9, {}), 2);
}

}  // namespace
}  // namespace upcycle
