#include "results/statistics/bootstrap.h"

#include <algorithm>

#include "core/random.h"
#include "results/statistics/summary.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

// The mean of each of the nⁿ resamples.
Numbers AllResampledMeans(const Numbers& values) {
  const size_t count = values.size();
  size_t all = 1;
  for (size_t i = 0; i < count; ++i) all *= count;
  Numbers means;
  for (size_t resample = 0; resample < all; ++resample) {
    Numbers drawn;
    for (size_t digits = resample, i = 0; i < count; ++i, digits /= count) {
      drawn.push_back(values[digits % count]);
    }
    std::ranges::sort(drawn);
    double sum = 0;
    for (const double value : drawn) sum += value;
    means.push_back(sum / static_cast<double>(count));
  }
  return means;
}

TEST(Bootstrap, GivesTheBcaIntervalOfAllResamples) {
  for (const GoldenJson& golden : GoldenCases("bootstrap")) {
    const Numbers values = golden.at("values");
    const BootstrapInterval interval =
        BcaInterval(AllResampledMeans(values), values, golden.at("level"));
    ExpectNineDigits(interval.low, golden, "low");
    ExpectNineDigits(interval.high, golden, "high");
  }
}

TEST(Bootstrap, DrawsTheSameIntervalEveryTimeAndNearThatOfAllResamples) {
  const Numbers values = {1, 2, 4, 8, 16};
  const BootstrapInterval all = BcaInterval(AllResampledMeans(values), values, 0.95);
  const BootstrapInterval drawn = BootstrapMean(values, 0.95, 50'000);
  EXPECT_NEAR(drawn.low, all.low, 0.02 * (all.high - all.low));
  EXPECT_NEAR(drawn.high, all.high, 0.02 * (all.high - all.low));
  EXPECT_EQ(BootstrapMean(values, 0.95).low, BootstrapMean(values, 0.95).low);
}

TEST(Bootstrap, IsTheTIntervalWhereValuesAreManyAndNormal) {
  const RandomStream stream(3, "test/bootstrap");
  Numbers values;
  for (uint64_t i = 0; i < 400; ++i) values.push_back(5 + stream.Normal(i));
  const Summary summary = Summarize(values, 0.95);
  const BootstrapInterval interval = BootstrapMean(values, 0.95);
  EXPECT_EQ(interval.warning, "");
  EXPECT_NEAR(interval.low, summary.mean - summary.half_width, 0.05 * summary.half_width);
  EXPECT_NEAR(interval.high, summary.mean + summary.half_width, 0.05 * summary.half_width);
}

TEST(Bootstrap, SaysWhatFewValuesCannotTell) {
  EXPECT_EQ(BootstrapMean(Numbers{1, 2, 4, 5}, 0.95).warning,
            "4 values have only 35 different resamples: the interval is too short; rest on the t "
            "interval below 8 values");
  EXPECT_EQ(BootstrapMean(Numbers{1, 2, 3, 4, 5, 6, 7, 9}, 0.95).warning, "");
}

TEST(Bootstrap, RefusesWhatCannotBeResampled) {
  const BootstrapInterval two = BootstrapMean(Numbers{1, 2}, 0.95);
  EXPECT_TRUE(std::isnan(two.low));
  EXPECT_EQ(two.warning, "2 values are too few to resample");
  const BootstrapInterval same = BootstrapMean(Numbers{2, 2, 2, 2}, 0.95);
  EXPECT_TRUE(std::isnan(same.high));
  EXPECT_EQ(same.warning, "all values are the same: resamples are, too");
}

}  // namespace
}  // namespace upcycle
