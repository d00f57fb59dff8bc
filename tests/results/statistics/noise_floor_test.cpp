#include "results/statistics/noise_floor.h"

#include "core/random.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(NoiseFloor, GivesTheIntervalsThatScipysDistributionsDo) {
  for (const GoldenJson& golden : GoldenCases("noise_floor")) {
    const Numbers values = golden.at("values");
    const double level = golden.at("level");
    const NoiseFloor floor =
        golden.at("kind") == "runs" ? FloorOfRuns(values, level) : FloorOfPairs(values, level);
    ExpectNineDigits(floor.deviation, golden, "deviation");
    ExpectNineDigits(floor.largest_deviation, golden, "largest");
    ExpectNineDigits(floor.Within(golden.at("seeds"), level), golden, "within");
  }
}

TEST(NoiseFloor, HoldsDifferencesOfEqualConfigurationsAsOftenAsItSays) {
  const RandomStream stream(5, "test/noise_floor");
  constexpr int kStudies = 4000;
  uint64_t next = 0;
  int within = 0;
  for (int study = 0; study < kStudies; ++study) {
    Numbers runs;
    for (int run = 0; run < 4; ++run) runs.push_back(stream.Normal(next++));
    double difference = 0;
    for (int seed = 0; seed < 3; ++seed) {
      difference += (stream.Normal(next) - stream.Normal(next + 1)) / 3;
      next += 2;
    }
    within += std::fabs(difference) <= FloorOfRuns(runs, 0.95).Within(3, 0.95);
  }
  // 4 standard errors of a share of 0.95.
  EXPECT_NEAR(within / double{kStudies}, 0.95, 4 * std::sqrt(0.95 * 0.05 / kStudies));
}

TEST(NoiseFloor, IsNoneFromOneRunOrNoPair) {
  EXPECT_TRUE(std::isnan(FloorOfRuns(Numbers{1}, 0.95).Within(3, 0.95)));
  EXPECT_TRUE(std::isnan(FloorOfPairs({}, 0.95).deviation));
}

}  // namespace
}  // namespace upcycle
