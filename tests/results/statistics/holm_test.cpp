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

TEST(HolmOfTwoTestsAnArm, CostsTheOthersNothingUntilAnArmIsThrough) {
  const AdjustedArms arms = HolmAdjustedArms(Numbers{0.01, 0.5, 0.3}, Numbers{0.9, 0.002, 0.016});
  // 0.002 · 3, 0.01 · 3, 0.016 · 3, then 0.3 · 3: each arm has an open hypothesis until then.
  EXPECT_DOUBLE_EQ(arms.equivalence[1], 0.006);
  EXPECT_DOUBLE_EQ(arms.difference[0], 0.03);
  EXPECT_DOUBLE_EQ(arms.equivalence[2], 0.048);
  EXPECT_DOUBLE_EQ(arms.difference[2], 0.9);
  EXPECT_DOUBLE_EQ(arms.difference[1], 1);
}

TEST(HolmOfTwoTestsAnArm, FreesTheOthersOnceBothOfAnArmAreRejected) {
  const AdjustedArms arms = HolmAdjustedArms(Numbers{0.001, 0.02}, Numbers{0.002, 0.9});
  EXPECT_DOUBLE_EQ(arms.difference[0], 0.002);
  EXPECT_DOUBLE_EQ(arms.equivalence[0], 0.004);
  EXPECT_DOUBLE_EQ(arms.difference[1], 0.02);
}

TEST(HolmOfTwoTestsAnArm, CountsAnArmWithoutTests) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const AdjustedArms arms = HolmAdjustedArms(Numbers{0.01, missing}, Numbers{0.6, missing});
  EXPECT_DOUBLE_EQ(arms.difference[0], 0.02);
  EXPECT_TRUE(std::isnan(arms.equivalence[1]));
}

}  // namespace
}  // namespace upcycle
