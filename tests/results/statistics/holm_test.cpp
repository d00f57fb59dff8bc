#include "results/statistics/holm.h"

#include <limits>

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Holm, AdjustsAsStatsmodelsDoes) {
  for (const GoldenJson& golden : GoldenCases("holm")) {
    const Numbers expected = golden.at("adjusted");
    const Numbers adjusted = HolmAdjusted(golden.at("p").get<Numbers>());
    ASSERT_EQ(adjusted.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ExpectNineDigits(adjusted[i], expected[i], "p of " + golden.dump());
    }
  }
}

TEST(Holm, CountsATestWithoutAValueAsIfItsPWereOne) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const Numbers with_one = HolmAdjusted(Numbers{0.01, 1.0, 0.02});
  const Numbers without = HolmAdjusted(Numbers{0.01, missing, 0.02});
  EXPECT_EQ(without[0], with_one[0]);
  EXPECT_EQ(without[2], with_one[2]);
  EXPECT_TRUE(std::isnan(without[1]));
}

}  // namespace
}  // namespace upcycle
