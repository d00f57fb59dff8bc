#include "results/statistics/effect_size.h"

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(EffectSize, AgreesWithScipy) {
  for (const GoldenJson& golden : GoldenCases("paired")) {
    const Numbers differences = golden.at("differences"), baseline(differences.size(), 0.0);
    const double level = golden.at("level");
    const EffectSize size = EffectSizeOf(ComparePairs(differences, baseline, level), level);
    ExpectNineDigits(size.cohen, golden, "cohen");
    if (golden.contains("hedges")) ExpectNineDigits(size.hedges, golden, "hedges");
    if (!golden.contains("size_low")) continue;
    ExpectNineDigits(size.low, golden, "size_low");
    ExpectNineDigits(size.high, golden, "size_high");
  }
}

TEST(EffectSize, HasNoCorrectionForTwoPairs) {
  const EffectSize size = EffectSizeOf(ComparePairs(Numbers{1, 2}, Numbers{0, 0}, 0.95), 0.95);
  EXPECT_TRUE(std::isnan(size.hedges));
  EXPECT_GT(size.cohen, 2);
}

TEST(EffectSize, IsNoneWithoutSpread) {
  const EffectSize size = EffectSizeOf(ComparePairs(Numbers{1, 1}, Numbers{0, 0}, 0.95), 0.95);
  EXPECT_TRUE(std::isnan(size.cohen));
  EXPECT_TRUE(std::isnan(size.high));
}

}  // namespace
}  // namespace upcycle
