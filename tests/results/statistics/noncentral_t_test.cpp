#include "results/statistics/noncentral_t.h"

#include <limits>

#include "results/statistics/student.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(NoncentralT, DistributesAsScipySays) {
  for (const GoldenJson& golden : GoldenCases("noncentral")) {
    const double t = golden.at("t"), degrees = golden.at("degrees");
    const double delta = golden.at("noncentrality"), cdf = golden.at("cdf");
    ExpectNineDigits(NoncentralTCdf(t, degrees, delta), golden, "cdf");
    ExpectNineDigits(NoncentralTTail(t, degrees, delta), 1 - cdf, "tail of " + golden.dump());
  }
}

TEST(NoncentralT, IsStudentsWithoutNoncentrality) {
  EXPECT_NEAR(NoncentralTTail(2.5, 5, 0), StudentUpperP(2.5, 5), 1e-15);
}

TEST(NoncentralT, IntervalHoldsZeroWhereTheTestDoesNotReject) {
  const double critical = StudentTwoSidedQuantile(0.05, 5);
  EXPECT_NEAR(NoncentralityFor(critical, 5, 0.95).low, 0, 1e-9);
  EXPECT_NEAR(NoncentralityFor(-critical, 5, 0.95).high, 0, 1e-9);
}

TEST(NoncentralT, IntervalIsRefusedBeyondWhatCanBeComputed) {
  EXPECT_TRUE(std::isnan(NoncentralityFor(1.1e4, 5, 0.95).low));
  EXPECT_TRUE(std::isnan(NoncentralityFor(std::numeric_limits<double>::infinity(), 5, 0.95).high));
  EXPECT_GT(NoncentralityFor(9e3, 5, 0.95).high, 9e3);
}

}  // namespace
}  // namespace upcycle
