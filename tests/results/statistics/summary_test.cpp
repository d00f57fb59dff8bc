#include "results/statistics/summary.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(Summary, GivesMeanDeviationAndTheTInterval) {
  const double values[] = {3.214, 3.198, 3.241, 3.207, 3.222};
  const Summary summary = Summarize(values, 0.95);
  EXPECT_EQ(summary.count, 5);
  EXPECT_NEAR(summary.mean, 3.2164, 1e-9);
  EXPECT_NEAR(summary.deviation, 0.01634931191212653, 1e-9);
  EXPECT_NEAR(summary.half_width, 0.020300351996691557, 1e-9);
  EXPECT_NEAR(Summarize(values, 0.99).half_width, 0.03366345919809133, 1e-9);
}

TEST(Summary, KeepsASmallSpreadUnderALargeMean) {
  const double values[] = {1e8 + 1, 1e8 + 2, 1e8 + 4};
  EXPECT_NEAR(Summarize(values, 0.95).deviation, 1.5275252316519465, 1e-7);
}

TEST(Summary, HasNoIntervalForOneValueAndNoMeanForNone) {
  const double values[] = {2.5};
  const Summary one = Summarize(values, 0.95);
  EXPECT_EQ(one.mean, 2.5);
  EXPECT_TRUE(std::isnan(one.deviation));
  EXPECT_TRUE(std::isnan(one.half_width));
  EXPECT_TRUE(std::isnan(Summarize({}, 0.95).mean));
}

}  // namespace
}  // namespace upcycle
